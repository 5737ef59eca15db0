import Observation

/// A list on a screen: the result of a live query, kept up to date while a view shows it.
///
/// ```swift
/// struct TodoList: View {
///     @State var list: HolmListModel<Todo>
///
///     var body: some View {
///         List(list.documents) { Text($0.value.title) }.task { await list.run() }
///     }
/// }
/// ```
///
/// Nothing is read before ``run()``, and nothing any more after its task is cancelled; what was shown last stays.
/// Documents are read and decoded away from the main actor.
@available(iOS 17, macOS 14, tvOS 17, watchOS 10, *)
@MainActor @Observable
public final class HolmListModel<Document: Sendable> {
    /// The documents with their status, in the query's order.
    public private(set) var documents: [Holm.Stored<Document>] = []

    /// Whether ``documents`` is the query's result, if only an empty one. `false` before the first result, so that a screen
    /// does not say "nothing here" too early.
    public private(set) var isLoaded = false

    /// Why the list does not follow any more; `nil` while all is well. ``run()`` tries again.
    public private(set) var error: HolmError?

    /// The documents without their status, in the query's order.
    public var values: [Document] { documents.map(\.value) }

    @ObservationIgnored private var live: Holm.LiveQuery<Document>
    /// Counts the calls of ``run()``: an older one that has not noticed its end yet changes nothing any more.
    @ObservationIgnored private var turn = 0

    /// A list that will show this query.
    public init(_ live: Holm.LiveQuery<Document>) {
        self.live = live
    }

    /// Follows the query until the task is cancelled or the client is closed: made for `.task`, which does that when the
    /// view goes. A failure ends it and is told by ``error``. A later call takes over from an earlier one.
    public func run() async {
        turn += 1
        let mine = turn
        error = nil
        do {
            for try await snapshot in live {
                guard mine == turn else { return }
                documents = snapshot.documents
                isLoaded = true
            }
        } catch {
            if mine == turn { self.error = HolmError(error) }
        }
    }

    /// Follows another query from now on, as ``run()`` does: made for `.task(id: filter)`. Until its first result
    /// ``documents`` are those of the query before, and ``isLoaded`` is `false`.
    public func run(_ live: Holm.LiveQuery<Document>) async {
        self.live = live
        isLoaded = false
        await run()
    }
}
