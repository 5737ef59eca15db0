import Foundation
import Holm
import HolmTesting
import Testing

// The code of docs/guides/accounts.md: what stands between the marks is there word for word.

// snippet: begin
func signIn(_ holm: Holm, email: String, password: String) async -> String? {
    do {
        try await holm.signIn(email: email, password: password)
        return nil
    } catch {
        switch error.code {
        case .unauthorized: return "Wrong address or password."
        case .accountMismatch: return "This device has the data of another account."
        case .offline, .timeout: return "No connection."
        default: return error.message
        }
    }
}
// snippet: end

/// Stands for the SDK of a provider of identities.
struct IdentitySDK {
    let isSignedIn = true
    func accessToken() async throws -> String { "a token of another sign-in" }
}

// snippet: begin
struct MySignIn: HolmTokenProvider {
    let sdk: IdentitySDK

    func token() async throws -> String? {
        guard sdk.isSignedIn else { return nil }  // the user has signed out there
        return try await sdk.accessToken()  // as fresh as it can be had
    }
}
// snippet: end

@Suite struct AccountsGuide {
    private let world: TestWorld

    init() async throws {
        world = try await TestWorld(collections: [Todo.collection])
    }

    @Test func a_write_before_the_first_sign_in_is_sent_after_it() async throws {
        let configuration = HolmConfiguration(
            baseURL: world.url, storage: .inMemory, collections: [Todo.collection], autoSync: false)
        var asked = false
        func showSignIn() { asked = true }
        // snippet: begin
        let holm = try await Holm.open(configuration)
        try await holm.collection(Todo.self).create(Todo(title: "Buy milk"))  // kept, and sent after the first sign-in
        if !holm.isSignedIn { showSignIn() }
        // snippet: end
        #expect(asked)
        try await holm.signUp(email: "ann@example.com", password: TestWorld.password)
        #expect(try await holm.sync().pushed == 1)
        try await holm.close()
        try world.stop()
    }

    @Test func a_sign_in_says_what_went_wrong() async throws {
        let holm = try await world.device("phone").holm
        #expect(await signIn(holm, email: "someone@example.com", password: "a guess") == "Wrong address or password.")
        #expect(await signIn(holm, email: "someone@example.com", password: TestWorld.password) == nil)
        _ = try await world.device("tablet", email: "another@example.com")
        let mismatch = await signIn(holm, email: "another@example.com", password: TestWorld.password)
        #expect(mismatch == "This device has the data of another account.")
        try world.stop()
    }

    @Test func a_token_of_the_app_has_no_account_yet() async throws {
        let (url, sdk) = (world.url, IdentitySDK())
        // snippet: begin
        let configuration = HolmConfiguration(baseURL: url, storage: .inMemory, tokenProvider: MySignIn(sdk: sdk))
        let holm = try await Holm.open(configuration)
        try await holm.setToken(sdk.accessToken())  // after each sign-in
        // snippet: end
        #expect(holm.isSignedIn && holm.userID == nil)
        try await holm.close()
        try world.stop()
    }

    @Test func a_session_that_is_gone_asks_for_a_sign_in() async throws {
        let holm = try await world.device("phone").holm
        let (codes, tell) = AsyncStream.makeStream(of: String.self)
        let showSignIn: @Sendable (HolmError.Code?) -> Void = { tell.yield($0?.rawValue ?? "") }
        try await holm.signOut()
        _ = try? await holm.sync()
        let watching = Task {
            // snippet: begin
            for try await status in holm.statuses where status.phase == .signedOut {
                showSignIn(status.lastError?.code)  // .signedOut: there is no session; .unauthorized: it has ended
            }
            // snippet: end
        }
        var code = codes.makeAsyncIterator()
        #expect(await code.next() == "SIGNED_OUT")
        watching.cancel()
        try await watching.value
        try world.stop()
    }

    @Test func a_wipe_asks_before_writes_are_lost() async throws {
        let phone = try await world.device("phone")
        let (holm, todos) = (phone.holm, phone.collection(Todo.self))
        try await todos.create(Todo(title: "unsent"))
        func userGivesUpWrites() async -> Bool { true }
        // snippet: begin
        do {
            try await holm.signOut(.wipe)
        } catch {
            guard error.code == .pendingWrites, await userGivesUpWrites() else { throw error }
            try await holm.signOut(.wipeDiscardingPending)
        }
        // snippet: end
        #expect(try await todos.count() == 0)
        #expect(!holm.isSignedIn)
        try world.stop()
    }
}
