internal import HolmBindings

extension Holm {
    /// Syncs now: reads what is new and sends what is queued. If a sync is running, waits for one more after it, which
    /// covers everything written before this call. Cancelling the task gives up waiting, not the sync.
    ///
    /// - Returns: What the sync did. A write that the server refused is no error: it is parked, and counted here.
    /// - Throws: ``HolmError``: `OFFLINE` and the other failures of the network, `SIGNED_OUT`, `UNAUTHORIZED`,
    ///   `SUSPENDED`, `CLOSED`, `CANCELLED`, and `INVALID_CONFIG` without a server. Writes stay queued.
    @discardableResult
    public func sync() async throws(HolmError) -> SyncReport {
        SyncReport(try await cancellable { [ffi] cancel in try await ffi.sync(cancel: cancel) })
    }

    /// Syncs one collection: sends what is queued in it, then reads it. Other collections, and the time of the last
    /// complete sync, stay as they are. A group of writes is sent only if all of it belongs to this collection.
    /// Cancelling the task gives up waiting, not the sync.
    ///
    /// - Throws: ``HolmError``: `INVALID_NAME`, those of ``sync()``, and `FORBIDDEN` or `REFUSED` if the server refuses
    ///   this collection.
    @discardableResult
    public func sync(collection: String) async throws(HolmError) -> SyncReport {
        SyncReport(
            try await cancellable { [ffi] cancel in
                try await ffi.syncCollection(name: collection, cancel: cancel)
            })
    }

    /// Reads one collection anew from its beginning, whatever is known of it here, and then syncs it.
    ///
    /// Its documents stay visible meanwhile, and queued writes stay queued: they are sent after the reading. What the
    /// server no longer has goes at the end of the reading. Interrupted at any point, the next sync goes on with it.
    /// Cancelling the task gives up waiting.
    ///
    /// - Throws: ``HolmError``: those of ``sync(collection:)``, and those of storage.
    @discardableResult
    public func resync(collection: String) async throws(HolmError) -> SyncReport {
        SyncReport(
            try await cancellable { [ffi] cancel in
                try await ffi.resyncCollection(name: collection, cancel: cancel)
            })
    }

    /// Waits until a write has ended: accepted by the server, or otherwise. A parked write counts as ended. Cancelling
    /// the task gives up waiting and does not touch the write.
    ///
    /// The newest 10,000 outcomes other than a plain acceptance are kept. An older write reads as accepted, with no
    /// version, however it ended.
    ///
    /// - Throws: ``HolmError``: `NOT_FOUND` if this store has never made such a write, `CANCELLED`, `CLOSED`, and those of
    ///   storage.
    public func confirmed(_ receipt: Receipt) async throws(HolmError) -> WriteOutcome {
        guard let operation = receipt.operationID else { return .unchanged }
        return try await confirmed(operationID: operation)
    }

    /// The same for a write of which only the operation is known, for example ``HolmError/operationID``.
    ///
    /// - Throws: ``HolmError``: `NOT_FOUND` if it is no operation of this storage, and those of ``confirmed(_:)``.
    public func confirmed(operationID: String) async throws(HolmError) -> WriteOutcome {
        WriteOutcome(
            try await cancellable { [ffi] cancel in try await ffi.confirmed(opId: operationID, cancel: cancel) })
    }

    /// Waits until nothing is left to send. What is parked or in conflict does not count. Cancelling the task gives up
    /// waiting.
    ///
    /// - Throws: ``HolmError``: `CANCELLED`, `CLOSED`, and those of storage.
    public func waitUntilIdle() async throws(HolmError) {
        try await cancellable { [ffi] cancel in try await ffi.idle(cancel: cancel) }
    }

    /// Tells what network the device has. A sync that waited for one starts. Returns at once.
    public func setNetwork(_ network: Network) {
        // Fails only where a defect of the core makes it panic; there is nothing to do about that here.
        try? ffi.setNetwork(network: network.translated)
    }
}
