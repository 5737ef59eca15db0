//! Cores that have other work.

use std::sync::atomic::{AtomicBool, Ordering};

/// Runs `work` while another thread of this process for each core never sleeps.
pub fn while_cores_are_busy(work: impl FnOnce()) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        work();
        over.store(true, Ordering::Relaxed);
    });
}
