//! Which of all things happens in a step.

use super::History;
use std::time::Duration;

impl History {
    /// Lets something happen to one of the devices.
    pub(super) async fn step(&mut self, step: u64) {
        let at = self.any();
        let kind = self.random.below(42);
        self.world.trace.note(&(step, at, kind, self.world.now()));
        if crate::fixture::shows_trace() {
            eprintln!("{:?} step {step}: {} does {kind}", self.world.now(), self.devices[at].device.name);
        }
        match kind {
            0..=5 => self.create(at, step).await,
            6..=15 => self.edit(at, step).await,
            16 | 17 => self.delete(at, step).await,
            18 | 19 => self.group(at, step).await,
            20 => self.edit_refused(at, step).await,
            21 => self.tidy(at, step).await,
            22 | 23 => self.refresh(at).await,
            24 => drop(self.devices[at].device.start_sync()),
            25 => self.go_offline(at).await,
            26 => self.suspend(at).await,
            27 => self.restart_server(),
            28 => self.crash(at, step).await,
            29 => self.restart(at).await,
            30 => self.set_clock(at),
            31 => self.sleep(at).await,
            32 => self.fail_disk(at, step).await,
            33 => self.back_up_or_restore(at).await,
            34 => self.sign_out_and_in(at).await,
            35 => self.change_account(at, step).await,
            36 => self.back_up_or_restore_server().await,
            37 => self.pass_the_horizon().await,
            38 | 39 => self.share(at, step).await,
            40 => self.call(at).await,
            _ => self.wait(40_000).await,
        }
        if self.random.one_in(3) {
            self.pause().await;
        }
    }

    async fn suspend(&mut self, at: usize) {
        let holm = self.devices[at].device.holm.clone();
        holm.suspend().await;
        self.wait(5_000).await;
        holm.resume().unwrap();
    }

    fn restart_server(&mut self) {
        self.run.count("servers restarted");
        self.world.restart_server();
    }

    fn set_clock(&mut self, at: usize) {
        self.run.count("dates set while running");
        let ms = self.random.below(1_000_000_000) as i64 - 500_000_000;
        self.devices[at].device.clock.set_offset_ms(ms);
    }

    async fn sleep(&mut self, at: usize) {
        self.run.count("sleeps");
        let duration = Duration::from_millis(self.random.below(600_000));
        self.devices[at].device.sleep(duration).await;
    }
}
