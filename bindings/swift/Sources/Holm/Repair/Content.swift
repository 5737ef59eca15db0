import Foundation

extension Holm {
    /// What a document held at one moment, to be read as the app's type or as JSON.
    public struct Content: Sendable {
        /// The document's id.
        public let documentID: String

        private let body: String
        private let coding: Coding

        init(documentID: String, body: String, coding: Coding) {
            self.documentID = documentID
            self.body = body
            self.coding = coding
        }

        /// The content as a value of this type.
        ///
        /// - Throws: ``HolmError``: `INVALID_DOCUMENT` if it does not fit.
        public func decode<T: Decodable>(_ type: T.Type) throws(HolmError) -> T {
            try coding.decode(type, from: Data(text.utf8), id: documentID)
        }

        /// The content as JSON, with the member `id`.
        ///
        /// - Throws: ``HolmError``: `INVALID_DOCUMENT` if it cannot be read.
        public func json() throws(HolmError) -> JSON {
            try JSONReader.read(text)
        }

        /// The content with the member `id` in front, which the core keeps beside it.
        private var text: String {
            let rest = body.drop { $0 != "{" }.dropFirst().drop(while: \.isWhitespace)
            return "{\"id\":\(JSON.string(documentID).text)\(rest.first == "}" ? "" : ",")\(rest)"
        }
    }
}
