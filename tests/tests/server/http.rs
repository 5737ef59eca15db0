//! HTTP as it is written.

use crate::support::World;
use serde_json::json;

#[test]
fn server_f24_condition_on_what_is_missing_fails() {
    let world = World::new();
    let user = world.sign_up("a@example.org");
    for condition in ["\"1-1\"", "*"] {
        let caller = user.header("If-Match", condition).header("Content-Type", "application/json");
        caller.send("PUT", "/v1/tasks/none", b"{}").expect(412);
        caller.send("PATCH", "/v1/tasks/none", b"{}").expect(412);
        caller.send("DELETE", "/v1/tasks/none", b"").expect(412);
    }
    user.send("DELETE", "/v1/tasks/none", b"").expect(204);
    let made = user.post("/v1/tasks", &json!({"clientId": "x"})).expect(201);
    let tag = made.head.lines().find_map(|line| line.to_lowercase().strip_prefix("etag: ").map(str::to_owned)).unwrap();
    let delete = user.header("If-Match", &tag);
    delete.send("DELETE", "/v1/tasks/x", b"").expect(204);
    // The reply to the first was lost: its effect is there.
    delete.send("DELETE", "/v1/tasks/x", b"").expect(204);
}
