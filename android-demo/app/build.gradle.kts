plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.android)
    alias(libs.plugins.kotlin.compose)
}

android {
    namespace = "dev.holm.demo.android"
    compileSdk = 36
    defaultConfig {
        applicationId = "dev.holm.demo"
        minSdk = 26
        targetSdk = 36
        versionCode = 1
        versionName = "0.1.0"
    }
    buildTypes {
        release {
            isMinifyEnabled = true
            isShrinkResources = true
            proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"))
            signingConfig = signingConfigs.getByName("debug")
        }
    }
}

kotlin.jvmToolchain(17)

dependencies {
    implementation(project(":common"))
    implementation(libs.holm.android)
    implementation(libs.activity.compose)
    implementation(libs.coroutines.android)
}
