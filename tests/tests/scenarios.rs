//! Replays the scenarios that Swift and Kotlin replay, too. `HOLM_SCENARIO=name` replays one.

#![allow(clippy::unwrap_used)] // A test may fail that way.

use holm_tests::scenario;

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_ends_as_it_says() {
    let only = std::env::var("HOLM_SCENARIO").ok();
    let scenarios: Vec<_> = scenario::all()
        .into_iter()
        .filter(|scenario| only.as_ref().is_none_or(|name| *name == scenario.name))
        .collect();
    assert!(!scenarios.is_empty(), "no scenario of that name");
    for scenario in &scenarios {
        let transcript = scenario::replay(scenario).await;
        scenario::write_transcript(&scenario.name, &transcript);
    }
}
