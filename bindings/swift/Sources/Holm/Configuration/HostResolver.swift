internal import HolmBindings

/// The resolver of a collection, as the core asks it.
final class HostResolver: FfiConflictResolver {
    private let resolver: any HolmConflictResolver
    private let coding: Coding

    init(_ resolver: any HolmConflictResolver, _ coding: Coding) {
        (self.resolver, self.coding) = (resolver, coding)
    }

    func resolve(conflict: FfiConflict) async throws -> FfiResolution? {
        do {
            return try await resolver.resolve(Holm.ConflictDetails(conflict, coding))?.translated(coding)
        } catch {
            // The error's own words may quote the document.
            throw FfiResolverError.Failed(reason: "\(type(of: error))")
        }
    }
}
