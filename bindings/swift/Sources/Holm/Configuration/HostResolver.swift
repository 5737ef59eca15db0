internal import HolmBindings

/// The app's resolvers of all collections, as the core asks them.
final class HostResolver: FfiConflictResolver {
    private let resolvers: [String: any HolmConflictResolver]
    private let coding: Coding

    /// `nil` if no collection has one.
    init?(_ collections: [Holm.CollectionDescriptor], _ coding: Coding) {
        var resolvers: [String: any HolmConflictResolver] = [:]
        for collection in collections { resolvers[collection.name] = collection.resolver }
        guard !resolvers.isEmpty else { return nil }
        (self.resolvers, self.coding) = (resolvers, coding)
    }

    func resolve(conflict: FfiConflict) async throws -> FfiResolution? {
        guard let resolver = resolvers[conflict.collection] else { return nil }
        do {
            return try await resolver.resolve(Holm.ConflictDetails(conflict, coding))?.translated(coding)
        } catch {
            // The error's own words may quote the document.
            throw FfiResolverError.Failed(reason: "\(type(of: error))")
        }
    }
}
