package dev.holm.demo.desktop

import dev.holm.Network
import org.junit.jupiter.api.Test
import java.util.UUID
import kotlin.test.assertEquals
import kotlin.test.assertNull

class SignInTest {
    private fun Stage.enters(email: String, password: String) {
        types(told("sign_in_email"), email)
        types(told("sign_in_password"), password)
        types(told("sign_in_server"), ServerProcess.shared.url)
    }

    @Test
    fun a_new_account_sees_an_empty_list_and_a_status() =
        onScreen({ Device() }) {
            sees(told("sign_in_headline"))
            enters("${UUID.randomUUID()}@example.com", PASSWORD)
            taps(told("sign_up_button"))
            sees(told("tasks_empty_all_title"))
            sees(told("status_idle"))
            sees(told("status_last_sync", told("time_now")))
        }

    @Test
    fun a_wrong_password_and_a_server_that_is_not_there_are_told() =
        onScreen({ Device() }) {
            enters("unknown@example.com", "wrong")
            taps(told("sign_in_button"))
            sees(told("sign_in_wrong"))
            types(told("sign_in_server"), "http://127.0.0.1:1")
            taps(told("sign_in_button"))
            sees(told("error_offline"))
            taps(told("action_dismiss"))
            seesNoMore(told("error_offline"))
        }

    @Test
    fun signing_out_asks_first_and_keeps_what_is_not_sent() =
        onScreen({ Device().signedIn() }) {
            device.holm.setNetwork(Network.Offline)
            types(told("tasks_new"), "Feed the cat")
            taps(told("action_add"))
            sees(told("tasks_unsynced", 1))
            taps(told("settings_title"))
            sees(device.session.email)
            taps(told("settings_sign_out"))
            taps(told("action_cancel"))
            taps(told("settings_sign_out"))
            sees(told("sign_out_explain"))
            confirms(told("settings_sign_out"))
            sees(told("sign_in_headline"))
            assertNull(device.session.account)
            device.holm.setNetwork(Network.Unmetered)
            types(told("sign_in_password"), PASSWORD)
            taps(told("sign_in_button"))
            sees("Feed the cat")
            seesNoMore(told("tasks_unsynced", 1))
            assertEquals(device.session.email, device.session.account)
        }
}
