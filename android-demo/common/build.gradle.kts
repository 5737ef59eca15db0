plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.kotlin.android)
    alias(libs.plugins.kotlin.compose)
    alias(libs.plugins.kotlin.serialization)
}

android {
    namespace = "dev.holm.demo"
    compileSdk = 36
    defaultConfig.minSdk = 26
}

kotlin.jvmToolchain(17)

dependencies {
    api(platform(libs.compose.bom))
    api(libs.holm)
    api(libs.compose.foundation)
    api(libs.compose.material3)
}
