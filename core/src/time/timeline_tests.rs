//! Random lives of a device with a clock that is set, sleeps and drifts, against the truth.

use super::super::sample::Span;
use super::*;
use proptest::prelude::*;

const START: i64 = 1_800_000_000_000;
const HOUR: i64 = 3_600_000;

/// What happens to a device.
#[derive(Debug, Clone)]
enum Step {
    Pass(i64),
    Sleep(i64),
    SetDate(i64),
    Restart,
    Stamp,
    /// A round trip with its two ways.
    Hear(i64, i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1..HOUR).prop_map(Step::Pass),
        1 => (1_000..9 * HOUR).prop_map(Step::Sleep),
        1 => (-9_000 * HOUR..9_000 * HOUR).prop_map(Step::SetDate),
        1 => Just(Step::Restart),
        4 => Just(Step::Stamp),
        2 => (1..3_000i64, 1..3_000i64).prop_map(|(up, down)| Step::Hear(up, down)),
    ]
}

/// A device and the truth about it.
struct Life {
    truth: i64,
    awake: i64,
    process_start: i64,
    date: i64,
    timeline: Timeline,
    frames: BTreeMap<i64, (Frame, i64)>,
    last_id: i64,
    /// Stamps: stored milliseconds, counter, and the truth.
    stamps: Vec<((i64, u32), i64)>,
    /// What settled stamps converted to.
    settled: BTreeMap<i64, i64>,
    named: Option<i64>,
    wall_offset: Option<i64>,
}

impl Life {
    fn new() -> Self {
        let now = Reading { wall_ms: START, monotonic_ms: 0 };
        Self {
            truth: START,
            awake: 0,
            process_start: 0,
            date: 0,
            timeline: Timeline::start(now, 1, Vec::new(), None, None),
            frames: BTreeMap::new(),
            last_id: 0,
            stamps: Vec::new(),
            settled: BTreeMap::new(),
            named: None,
            wall_offset: None,
        }
    }

    fn reading(&self) -> Reading {
        Reading { wall_ms: self.truth + self.date, monotonic_ms: self.awake - self.process_start }
    }

    fn pass(&mut self, ms: i64) {
        self.truth += ms;
        self.awake += ms;
    }

    fn live(&mut self, step: &Step) {
        match step {
            Step::Pass(ms) => self.pass(*ms),
            Step::Sleep(ms) => self.truth += ms,
            Step::SetDate(date) => self.date = *date,
            Step::Restart => {
                self.process_start = self.awake;
                let frames = self.frames.values().cloned().collect();
                self.timeline = Timeline::start(self.reading(), 1, frames, self.wall_offset, self.named);
            }
            Step::Stamp => {
                let now = self.reading();
                self.timeline.advance(now, || 1);
                if self.timeline.current().id == 0 {
                    self.last_id += 1;
                    self.timeline.stored(self.last_id);
                }
                let stamp = self.timeline.stamp(now);
                self.frames.insert(self.timeline.current().id, (self.timeline.current().clone(), unpack(stamp.0).1));
                self.stamps.push((stamp, self.truth));
            }
            Step::Hear(up, down) => {
                let sent = self.reading();
                self.timeline.advance(sent, || 1);
                self.pass(*up);
                let server_ms = self.truth;
                self.pass(*down);
                let learnt = self
                    .timeline
                    .observe(ServerTime { server_ms, span: Span { sent, received: self.reading() } }, || 1);
                self.timeline.saved(&learnt);
                for frame in learnt.frames {
                    if let Some((stored, _)) = self.frames.get_mut(&frame.id) {
                        *stored = frame;
                    }
                }
                self.wall_offset = learnt.wall_offset_ms.or(self.wall_offset);
                self.named = Some(server_ms);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn core_r2_stamps_are_right_stable_and_in_order(steps in proptest::collection::vec(step(), 1..40)) {
        let mut life = Life::new();
        for step in &steps {
            life.live(step);
            // Stamps rise as they are stored, whatever the clocks do.
            prop_assert!(life.stamps.windows(2).all(|pair| pair[0].0 < pair[1].0));
            if !life.timeline.is_settled() {
                continue;
            }
            for ((stored, _), _) in &life.stamps {
                let told = life.timeline.convert(*stored);
                // What was sent once is sent the same again.
                prop_assert_eq!(*life.settled.entry(*stored).or_insert(told), told);
                prop_assert!(told <= life.truth + 3_000, "a stamp {} ms in the future", told - life.truth);
            }
        }
        // Stamps of a frame in which the offset became known are right but for half a round trip and the
        // noise.
        life.live(&Step::Stamp);
        life.live(&Step::Hear(20, 20));
        let ((stored, _), truth) = *life.stamps.last().unwrap();
        prop_assert!((life.timeline.convert(stored) - truth).abs() <= 3_100, "{}", life.timeline.convert(stored) - truth);
        prop_assert!(life.timeline.is_settled());
    }

    /// A clock that is right, or wrong by the same all the time, gives every stamp its true time, known or
    /// not, asleep or not.
    #[test]
    fn core_r2_undisturbed_date_gives_true_stamps(
        date in -9_000 * HOUR..9_000 * HOUR,
        steps in proptest::collection::vec(step(), 1..40),
    ) {
        let mut life = Life::new();
        life.date = date;
        life.live(&Step::Restart);
        life.live(&Step::Hear(5, 5));
        for step in steps.iter().filter(|step| !matches!(step, Step::SetDate(_))) {
            life.live(step);
        }
        life.live(&Step::Hear(5, 5));
        for ((stored, _), truth) in &life.stamps {
            let wrong = life.timeline.convert(*stored) - truth;
            prop_assert!(wrong.abs() <= 3_100, "wrong by {wrong} ms");
        }
    }
}

/// History 117900: the date was set while nothing looked at the clocks. The first exchange after that was taken for one during which it was set, and
/// the request behind it went out as if no one knew the time.
#[test]
fn exchange_after_a_disturbance_tells_the_time_and_one_during_it_does_not() {
    let reading = |wall: i64, monotonic_ms| Reading { wall_ms: START + wall, monotonic_ms };
    let heard = |sent: Reading, received: Reading| {
        let mut timeline = Timeline::start(reading(0, 0), 1, Vec::new(), None, None);
        timeline.observe(ServerTime { server_ms: START + 1_000, span: Span { sent, received } }, || 2);
        timeline
    };
    let days = 100 * 24 * HOUR;
    let after = heard(reading(days + 1_000, 1_000), reading(days + 1_100, 1_100));
    assert!(after.is_known());
    assert!((after.now_ms(reading(days + 1_100, 1_100)) - START - 1_000).abs() <= 100);
    assert!(!heard(reading(1_000, 1_000), reading(days + 1_100, 1_100)).is_known());
    // Another call has looked at the clocks while the request was out, before and after the date was set.
    let mut timeline = Timeline::start(reading(0, 0), 1, Vec::new(), None, None);
    timeline.advance(reading(days + 1_050, 1_050), || 2);
    let span = Span { sent: reading(1_000, 1_000), received: reading(days + 1_100, 1_100) };
    timeline.observe(ServerTime { server_ms: START + 1_000, span }, || 3);
    assert!(!timeline.is_known());
}

#[test]
fn what_is_not_stored_is_told_again() {
    let mut life = Life::new();
    life.live(&Step::Stamp);
    let hear = |life: &mut Life| {
        let now = life.reading();
        life.timeline.observe(ServerTime { server_ms: life.truth, span: Span { sent: now, received: now } }, || 1)
    };
    let learnt = hear(&mut life);
    assert_eq!((learnt.frames.len(), learnt.wall_offset_ms), (1, Some(0)));
    assert_eq!(hear(&mut life), learnt);
    life.timeline.saved(&learnt);
    assert!(hear(&mut life).is_empty());
}
