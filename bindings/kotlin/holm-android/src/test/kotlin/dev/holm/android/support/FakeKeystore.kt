package dev.holm.android.support

import android.security.keystore.KeyGenParameterSpec
import java.io.InputStream
import java.io.OutputStream
import java.security.Key
import java.security.KeyStoreSpi
import java.security.Provider
import java.security.ProviderException
import java.security.SecureRandom
import java.security.Security
import java.security.UnrecoverableKeyException
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.util.Collections
import java.util.Date
import java.util.Enumeration
import javax.crypto.KeyGenerator
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey

/** The Keystore of a device, which the framework on a JVM does not have: keys in memory, and the ways in which real ones fail. */
internal class FakeKeystore {
    val keys = mutableMapOf<String, SecretKey>()
    var isBroken = false
    var isUnrecoverable = false

    fun install() {
        Security.addProvider(Services(this))
    }

    fun uninstall() = Security.removeProvider(NAME)

    private class Services(private val keystore: FakeKeystore) : Provider(NAME, "1", "keys in memory") {
        init {
            putService(Made(this, "KeyStore", NAME) { Store(keystore) })
            putService(Made(this, "KeyGenerator", "AES") { Generator(keystore) })
        }
    }

    private class Made(
        provider: Provider,
        type: String,
        algorithm: String,
        private val make: () -> Any,
    ) : Provider.Service(provider, type, algorithm, "made in a test", null, null) {
        override fun newInstance(constructorParameter: Any?): Any = make()
    }

    private class Generator(private val keystore: FakeKeystore) : KeyGeneratorSpi() {
        private var spec: KeyGenParameterSpec? = null

        override fun engineInit(params: AlgorithmParameterSpec, random: SecureRandom?) {
            spec = params as KeyGenParameterSpec
        }

        override fun engineInit(random: SecureRandom?) = error("a key of the Keystore needs a specification")

        override fun engineInit(keysize: Int, random: SecureRandom?) = error("a key of the Keystore needs a specification")

        override fun engineGenerateKey(): SecretKey {
            if (keystore.isBroken) throw ProviderException("Keystore operation failed")
            val spec = checkNotNull(spec)
            val plain = KeyGenerator.getInstance("AES", "SunJCE").apply { init(spec.keySize) }.generateKey()
            return plain.also { keystore.keys[spec.keystoreAlias] = it }
        }
    }

    private class Store(private val keystore: FakeKeystore) : KeyStoreSpi() {
        override fun engineGetKey(alias: String, password: CharArray?): Key? {
            if (keystore.isBroken) throw ProviderException("Keystore operation failed")
            if (keystore.isUnrecoverable) throw UnrecoverableKeyException("the key blob is invalid")
            return keystore.keys[alias]
        }

        override fun engineDeleteEntry(alias: String) {
            keystore.keys.remove(alias)
            keystore.isUnrecoverable = false
        }

        override fun engineLoad(stream: InputStream?, password: CharArray?) = Unit

        override fun engineContainsAlias(alias: String) = alias in keystore.keys

        override fun engineIsKeyEntry(alias: String) = alias in keystore.keys

        override fun engineSize() = keystore.keys.size

        override fun engineAliases(): Enumeration<String> = Collections.enumeration(keystore.keys.keys)

        override fun engineGetCreationDate(alias: String): Date? = null

        override fun engineGetCertificate(alias: String): Certificate? = null

        override fun engineGetCertificateChain(alias: String): Array<Certificate>? = null

        override fun engineGetCertificateAlias(cert: Certificate): String? = null

        override fun engineIsCertificateEntry(alias: String) = false

        override fun engineStore(stream: OutputStream?, password: CharArray?) = unsupported()

        override fun engineSetKeyEntry(alias: String, key: Key, password: CharArray?, chain: Array<Certificate>?) = unsupported()

        override fun engineSetKeyEntry(alias: String, key: ByteArray, chain: Array<Certificate>?) = unsupported()

        override fun engineSetCertificateEntry(alias: String, cert: Certificate) = unsupported()

        private fun unsupported(): Nothing = throw UnsupportedOperationException("the library does not do this")
    }

    private companion object {
        const val NAME = "AndroidKeyStore"
    }
}
