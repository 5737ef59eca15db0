import Foundation
internal import HolmBindings

extension Holm {
    /// The two sides of a conflict, and what they started from.
    public struct ConflictDetails: Sendable {
        /// The collection's name.
        public let collection: String
        /// The document's id.
        public let documentID: String
        /// The places that both sides changed, as JSON Pointers: `/title`, `/address/city`. Empty if one side deleted the
        /// document.
        public let fields: [String]
        /// What both sides started from; `nil` if this device never had it.
        public let base: Content?
        /// The document as it is here; `nil`: deleted here.
        public let local: Content?
        /// The document as it is on the server; `nil`: deleted there.
        public let server: Content?
        /// The server's version.
        public let serverVersion: Int64?
        /// When and where the local side was written last: on this device.
        public let localEdit: LastEdit
        /// When and where the server's side was written last, as far as the server said.
        public let serverEdit: LastEdit?
        /// When the conflict was found, in the server's time.
        public let detectedAt: Date

        /// The last edit of one side.
        public struct LastEdit: Hashable, Sendable {
            /// When, in the server's time.
            public let at: Date
            /// The device, as in ``Holm/deviceID``; `nil` if the server did not say.
            public let deviceID: String?
        }

        init(_ conflict: FfiConflict, _ coding: Coding) {
            let content = { (body: String) in Content(documentID: conflict.docId, body: body, coding: coding) }
            collection = conflict.collection
            documentID = conflict.docId
            fields = conflict.fields
            base = conflict.base.map(content)
            local = conflict.local.map(content)
            server = conflict.server.map(content)
            serverVersion = conflict.serverVersion
            localEdit = LastEdit(at: Date(milliseconds: conflict.localMs), deviceID: conflict.localDevice)
            serverEdit = conflict.serverMs.map {
                LastEdit(at: Date(milliseconds: $0), deviceID: conflict.serverDevice)
            }
            detectedAt = Date(milliseconds: conflict.detectedMs)
        }
    }
}
