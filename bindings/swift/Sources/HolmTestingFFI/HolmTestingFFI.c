// SwiftPM needs a source here; the code is in the Rust library libholm_testing.
#include "HolmTestingFFI.h"
