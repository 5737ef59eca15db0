package dev.holm

/** What one module of Holm needs of another. It may change at any time; an app has no use for it. */
@RequiresOptIn("This is for the modules of Holm only, and may change at any time.")
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.FUNCTION)
public annotation class InternalHolmApi
