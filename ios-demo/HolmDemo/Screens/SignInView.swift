import HolmDemoModels
import SwiftUI

/// Who are you, and where is the server?
struct SignInView: View {
    @Bindable var session: SessionModel

    var body: some View {
        Form {
            Section {
                VStack(spacing: 12) {
                    Image(systemName: "checkmark.seal.fill")
                        .font(.largeTitle)
                        .imageScale(.large)
                        .foregroundStyle(.tint)
                        .accessibilityHidden(true)
                    Text("sign_in_headline")
                        .font(.title2.bold())
                        .accessibilityAddTraits(.isHeader)
                    Text("sign_in_explain")
                        .foregroundStyle(.secondary)
                }
                .multilineTextAlignment(.center)
                .frame(maxWidth: .infinity)
                .listRowBackground(Color.clear)
            }
            MessageBanner(model: session)
            Section {
                TextField("sign_in_email", text: $session.email)
                    .textContentType(.username)
                    .keyboardType(.emailAddress)
                SecureField("sign_in_password", text: $session.password)
                    .textContentType(.password)
                TextField("sign_in_server", text: $session.server)
                    .textContentType(.URL)
                    .keyboardType(.URL)
            }
            .textInputAutocapitalization(.never)
            .autocorrectionDisabled()
            Section {
                Button("sign_in_button") { Task { await session.signIn() } }
                Button("sign_up_button") { Task { await session.signUp() } }
            }
            .disabled(!session.canSignIn)
        }
        .overlay { if session.isBusy { ProgressView() } }
    }
}
