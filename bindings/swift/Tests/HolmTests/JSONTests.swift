import Foundation
import Holm
import Testing

extension HolmSuite {
    /// The value of documents without a type.
    @Suite struct JSONValues {
        @Test(arguments: [
            "null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808", "0.5", "-0.0", "1e+300",
            "\"\"", "\"a\"", "[]", "{}", "[1,[2,[3]]]", #"{"a":{"b":[null,true]},"c":"d"}"#,
            #""\u0000\b\f\n\r\t\"\\/""#,
        ])
        func a_text_is_read_and_written_again(text: String) throws {
            let value = try Holm.JSON(parsing: text)
            #expect(value.text == text)
            #expect(try Holm.JSON(parsing: " \n\t\r\(text) ") == value)
            #expect(value.description == text)
        }

        @Test(arguments: [
            "", " ", "nul", "truex", "+1", "01", "1.", ".5", "1e", "-", "1e999", "\"", "\"\u{1}\"", #""\x""#,
            #""\u12""#, #""\ud800""#, #""\ud800\u0041""#, #""\udc00""#, "[1,]", "[,1]", "[1 2]", "{", "{a:1}",
            #"{"a"}"#, #"{"a":1,}"#, "1 2", "[1]]", "NaN", "'a'",
        ])
        func what_is_no_json_is_refused(text: String) throws {
            #expect(throws: HolmError.self) { try Holm.JSON(parsing: text) }
        }

        @Test func escapes_are_understood() throws {
            #expect(try Holm.JSON(parsing: #""\u0041\u00e9\ud83d\ude00\/""#) == "Aé😀/")
            #expect(try Holm.JSON(parsing: #"{"a":1,"a":2}"#) == ["a": 2])
        }

        @Test func whole_numbers_keep_every_digit_and_others_are_doubles() throws {
            #expect(try Holm.JSON(parsing: "9007199254740993") == .int(9_007_199_254_740_993))
            #expect(try Holm.JSON(parsing: "9223372036854775808") == .double(9_223_372_036_854_775_808))
            #expect(try Holm.JSON(parsing: "1.0") == .double(1))
            #expect(try Holm.JSON(parsing: "1") != .double(1))
            #expect(try Holm.JSON(parsing: "-0").double?.sign == .minus)
        }

        @Test func nesting_is_bounded() throws {
            func nested(_ depth: Int) -> String {
                String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            }
            #expect(try Holm.JSON(parsing: nested(128)).array?.count == 1)
            #expect(throws: HolmError.self) { try Holm.JSON(parsing: nested(129)) }
            #expect(throws: HolmError.self) { try Holm.JSON(parsing: nested(1_000_000)) }
        }

        @Test func members_are_written_in_the_order_of_their_bytes() {
            let value: Holm.JSON = ["b": 1, "a": 2, "Z": 3, "é": 4, "": 5, "ab": 6]
            #expect(value.text == #"{"":5,"Z":3,"a":2,"ab":6,"b":1,"é":4}"#)
        }

        @Test func parts_are_reached_by_name_and_place() throws {
            let value = try Holm.JSON(parsing: #"{"a":[1,2.5,"x",true,null,{"b":7}]}"#)
            #expect(value["a"]?[0]?.int == 1)
            #expect(value["a"]?[0]?.double == 1)
            #expect(value["a"]?[1]?.double == 2.5)
            #expect(value["a"]?[1]?.int == nil)
            #expect(value["a"]?[2]?.string == "x")
            #expect(value["a"]?[3]?.bool == true)
            #expect(value["a"]?[4] == .null)
            #expect(value["a"]?[5]?["b"] == 7)
            #expect(value["a"]?[6] == nil && value["x"] == nil && value[0] == nil && value["a"]?["b"] == nil)
            #expect(value["a"]?.array?.count == 6)
            #expect(value.object?.keys.sorted() == ["a"])
            #expect(value.string == nil && value.bool == nil && value.array == nil)
            #expect(Holm.JSON.null.object == nil)
        }

        @Test func a_value_can_be_a_part_of_a_model() throws {
            let value: Holm.JSON = ["a": [1, 2.5, "x", true, nil, ["b": -7]], "big": .int(.max)]
            let data = try JSONEncoder().encode(value)
            #expect(try JSONDecoder().decode(Holm.JSON.self, from: data) == value)
            #expect(try Holm.JSON(parsing: String(decoding: data, as: UTF8.self)) == value)
        }

        @Test func it_reads_what_foundation_reads() throws {
            for _ in 0..<200 {
                let value = Self.random(depth: 4)
                let data = try JSONEncoder().encode(["v": value])
                #expect(try Holm.JSON(parsing: String(decoding: data, as: UTF8.self)) == ["v": value])
                let text = Holm.JSON.object(["v": value]).text
                #expect(try JSONDecoder().decode([String: Holm.JSON].self, from: Data(text.utf8)) == ["v": value])
            }
        }

        private static func random(depth: Int) -> Holm.JSON {
            switch Int.random(in: 0..<(depth > 0 ? 7 : 5)) {
            case 0: .null
            case 1: .bool(.random())
            case 2: .int(.random(in: .min ... .max))
            // Foundation does not tell 1e17 from a whole number: so none that large.
            case 3: .double(Double.random(in: 0..<1) * pow(10, Double(Int.random(in: -300...12))))
            case 4: .string(String(decoding: (0..<5).map { _ in UInt16.random(in: 0..<0x3000) }, as: UTF16.self))
            case 5: .array((0..<3).map { _ in random(depth: depth - 1) })
            default: .object(["a": random(depth: depth - 1), "b\"": random(depth: depth - 1)])
            }
        }
    }
}
