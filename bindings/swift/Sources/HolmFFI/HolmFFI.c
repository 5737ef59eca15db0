// SwiftPM needs a source here; the code is in the Rust library.
#include "HolmFFI.h"
