package dev.holm.demo.model

import dev.holm.ErrorCode

/** Something to tell a person, in no language yet: a key of `strings.xml`, and what fills its gaps. */
data class Message(val key: String, val arguments: List<Any> = emptyList()) {
    constructor(key: String, vararg arguments: Any) : this(key, arguments.asList())
}

/** What a person is told about a failure. */
fun failure(code: String, message: String): Message =
    when (code) {
        ErrorCode.OFFLINE, ErrorCode.TIMEOUT, ErrorCode.CONNECTION_LOST, ErrorCode.SERVICE_UNAVAILABLE -> Message("error_offline")
        ErrorCode.UNAUTHORIZED -> Message("sign_in_wrong")
        ErrorCode.ACCOUNT_MISMATCH -> Message("sign_in_other_account")
        else -> Message("error_general", message)
    }
