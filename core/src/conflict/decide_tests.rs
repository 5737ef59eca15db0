use super::*;
use crate::model::Hlc;
use serde_json::json;

const ALL: [Strategy; 5] =
    [Strategy::ServerWins, Strategy::LocalWins, Strategy::LastWriteWins, Strategy::Merge, Strategy::Prompt];

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn hlc(ms: i64, node: &str) -> Hlc {
    Hlc { ms, counter: 0, node: node.into() }
}

fn stamps(ms: i64) -> Stamps {
    Stamps { record: hlc(ms, "they"), created: hlc(1, "they"), paths: [(path("/title"), hlc(ms, "they"))].into() }
}

fn delete(ms: i64) -> Local {
    let mut local = Local::test(&[], ms);
    local.deletes = true;
    local
}

fn by_rules(rules: &Rules, local: &Local, server: Option<Value>, stamps: Option<&Stamps>) -> Decision {
    let fields = server.map(|value| value.as_object().unwrap().clone());
    decide(rules, local, Incoming { fields: fields.as_ref(), stamps, declared: false, changed: true })
}

fn decision(strategy: Strategy, local: &Local, server: Option<Value>, stamps: Option<&Stamps>) -> Decision {
    by_rules(&Rules::of(strategy), local, server, stamps)
}

/// What every device has in the end.
fn outcome(rules: &Rules, local: &Local, server: Value, stamps: &Stamps) -> Value {
    let Decision::Rebase(plan) = by_rules(rules, local, Some(server.clone()), Some(stamps)) else { panic!("no plan") };
    let mut fields = server.as_object().unwrap().clone();
    for (path, made) in &local.edits {
        match plan.replace.get(path) {
            None => edit(made.after.as_ref()).apply(&mut fields, path),
            Some(instead) => instead.iter().for_each(|(path, edit)| edit.apply(&mut fields, path)),
        }
    }
    Value::Object(fields)
}

fn fates(decision: &Decision) -> (Vec<String>, Vec<String>, Vec<String>) {
    let Decision::Rebase(plan) = decision else { panic!("{decision:?}") };
    let names = |list: &[Loser]| list.iter().map(|loser| loser.path.to_string()).collect();
    (plan.replace.keys().map(Path::to_string).collect(), names(&plan.lost), names(&plan.won))
}

#[test]
fn paths_changed_on_one_side_only_never_conflict() {
    let local = Local::test(&[("/title", json!("a"), json!("b"))], 5);
    for strategy in ALL {
        let kept = decision(strategy, &local, Some(json!({"title": "a", "done": true})), None);
        assert_eq!(kept, Decision::Rebase(Plan::default()));
        let agreed = decision(strategy, &local, Some(json!({"title": "b"})), None);
        assert_eq!(fates(&agreed), (vec!["/title".into()], vec![], vec![]));
        assert!(!agreed.is_conflict());
    }
}

#[test]
fn the_strategy_decides_the_clashing_members_only() {
    let local = Local::test(&[("/title", json!("a"), json!("mine")), ("/note", json!("n"), json!("m"))], 5);
    let server = json!({"title": "theirs", "note": "n"});
    let end = |strategy, ms| outcome(&Rules::of(strategy), &local, server.clone(), &stamps(ms));
    for (strategy, earlier, later) in [
        (Strategy::ServerWins, "theirs", "theirs"),
        (Strategy::LocalWins, "mine", "mine"),
        (Strategy::Merge, "mine", "theirs"),
        (Strategy::LastWriteWins, "mine", "theirs"),
    ] {
        assert_eq!(end(strategy, 4), json!({"title": earlier, "note": "m"}), "{strategy:?}");
        assert_eq!(end(strategy, 6), json!({"title": later, "note": "m"}), "{strategy:?}");
    }
    let asked = decision(Strategy::Prompt, &local, Some(server.clone()), None);
    assert_eq!(asked, Decision::Ask(vec![path("/title")]));
    for strategy in [Strategy::Merge, Strategy::LastWriteWins] {
        assert_eq!(decision(strategy, &local, Some(server.clone()), None), Decision::NeedsStamps);
    }
}

#[test]
fn f27_a_tie_is_broken_by_the_device_and_not_by_who_asks() {
    let mine = Local::test(&[("/title", json!("a"), json!("mine"))], 6);
    // "me" < "they"
    assert_eq!(outcome(&Rules::default(), &mine, json!({"title": "theirs"}), &stamps(6)), json!({"title": "theirs"}));
}

#[test]
fn delete_against_edit_is_told_apart() {
    let edit = Local::test(&[("/title", json!("a"), json!("b"))], 5);
    let (deleted, edited) = (|| None, || Some(json!({"title": "theirs"})));
    for (strategy, edit_meets_delete, delete_meets_edit) in [
        (Strategy::ServerWins, Decision::TakeServer, Decision::TakeServer),
        (Strategy::LocalWins, Decision::Revive, Decision::KeepDelete),
        (Strategy::Merge, Decision::Revive, Decision::TakeServer),
        (Strategy::Prompt, Decision::Ask(vec![]), Decision::Ask(vec![])),
        (Strategy::LastWriteWins, Decision::NeedsStamps, Decision::NeedsStamps),
    ] {
        assert_eq!(decision(strategy, &edit, deleted(), None), edit_meets_delete, "{strategy:?}");
        assert_eq!(decision(strategy, &delete(5), edited(), None), delete_meets_edit, "{strategy:?}");
        assert_eq!(decision(strategy, &delete(5), deleted(), None), Decision::Agreed);
    }
    assert_eq!(decision(Strategy::LastWriteWins, &delete(5), edited(), Some(&stamps(4))), Decision::KeepDelete);
    assert_eq!(decision(Strategy::LastWriteWins, &edit, deleted(), Some(&stamps(6))), Decision::TakeServer);
}

#[test]
fn core_r4_members_of_objects_are_decided_one_by_one() {
    let local = Local::test(&[("/o/x", json!(0), json!(1)), ("/o/y", json!(0), json!(1))], 5);
    let server = json!({"o": {"x": 2, "y": 0, "z": 2}});
    let theirs = Stamps { paths: [(path("/o"), hlc(9, "they"))].into(), ..stamps(9) };
    assert_eq!(outcome(&Rules::default(), &local, server, &theirs), json!({"o": {"x": 2, "y": 1, "z": 2}}));
}

#[test]
fn an_object_set_as_a_whole_merges_member_by_member() {
    let local = Local::test(&[("/o", json!("<missing>"), json!({"x": 1, "y": {"a": 1}}))], 5);
    let server = json!({"o": {"x": 2, "y": {"b": 2}}});
    let theirs = Stamps { paths: [(path("/o/x"), hlc(9, "they"))].into(), ..stamps(9) };
    assert_eq!(outcome(&Rules::default(), &local, server, &theirs), json!({"o": {"x": 2, "y": {"a": 1, "b": 2}}}));
}

#[test]
fn a_value_in_the_way_of_a_nested_edit_is_a_clash() {
    let local = Local::test(&[("/o/x", json!("<missing>"), json!(1))], 5);
    for (ms, end) in [(4, json!({"o": {"x": 1}})), (6, json!({"o": 5}))] {
        let theirs = Stamps { paths: [(path("/o"), hlc(ms, "they"))].into(), ..stamps(ms) };
        assert_eq!(outcome(&Rules::default(), &local, json!({"o": 5}), &theirs), end);
    }
    let theirs = Stamps { paths: [(path("/o"), hlc(4, "they"))].into(), ..stamps(4) };
    let Decision::Rebase(plan) = by_rules(&Rules::default(), &local, Some(json!({"o": 5})), Some(&theirs)) else {
        panic!()
    };
    assert_eq!(plan.won, [Loser { path: path("/o"), lost: Some(json!(5)), kept: Some(json!({"x": 1})) }]);
}

#[test]
fn rules_decide_their_paths() {
    let mut rules = Rules::of(Strategy::Prompt);
    for (place, rule) in [
        ("/server", FieldRule::Server),
        ("/local", FieldRule::Local),
        ("/sum", FieldRule::Sum),
        ("/union", FieldRule::Union),
        ("/max", FieldRule::Max),
        ("/min", FieldRule::Min),
        ("/text", FieldRule::Text),
        ("/lww", FieldRule::Lww),
    ] {
        rules.set(path(place), rule);
    }
    let local = Local::test(
        &[
            ("/server", json!(0), json!(1)),
            ("/local", json!(0), json!(1)),
            ("/sum", json!(10), json!(13)),
            ("/union", json!(["a", "b"]), json!(["b", "c"])),
            ("/max", json!(1), json!(5)),
            ("/min", json!(9), json!(5)),
            ("/text", json!("1\n2\n3\n"), json!("1\n2\ndrei\n")),
            ("/lww", json!(0), json!(1)),
        ],
        5,
    );
    let server = json!({
        "server": 2, "local": 2, "sum": 14, "union": ["a", "b", "d"], "max": 7, "min": 7, "text": "eins\n2\n3\n", "lww": 2
    });
    assert_eq!(
        outcome(&rules, &local, server, &stamps(4)),
        json!({
            "server": 2, "local": 1, "sum": 17, "union": ["b", "d", "c"], "max": 7, "min": 5,
            "text": "eins\n2\ndrei\n", "lww": 1
        })
    );
    let other = Local::test(&[("/else", json!(0), json!(1))], 5);
    assert_eq!(by_rules(&rules, &other, Some(json!({"else": 2})), None), Decision::Ask(vec![path("/else")]));
}

#[test]
fn a_list_with_a_declared_key_merges_by_element() {
    let mut rules = Rules::default();
    rules.set_key(path("/pages"), "n");
    let local = Local::test(&[("/pages", json!([{"n": 1, "t": "a"}]), json!([{"n": 1, "t": "A"}, {"n": 2}]))], 5);
    let server = json!({"pages": [{"n": 1, "t": "a", "u": 1}, {"n": 3}]});
    assert_eq!(
        outcome(&rules, &local, server, &stamps(4)),
        json!({"pages": [{"n": 1, "t": "A", "u": 1}, {"n": 3}, {"n": 2}]})
    );
}
