// Android Studio's build. Maven's (pom.xml) is the one that runs without Android: see README.md.
pluginManagement {
    repositories {
        google()
        mavenCentral()
        gradlePluginPortal()
    }
}

dependencyResolutionManagement {
    repositories {
        google()
        mavenCentral()
        // Holm itself, as scripts/build-aar leaves it: see README.md.
        maven(providers.gradleProperty("holm.repository").orElse("../target/maven"))
    }
}

rootProject.name = "holm-demo"
include(":app", ":common")
