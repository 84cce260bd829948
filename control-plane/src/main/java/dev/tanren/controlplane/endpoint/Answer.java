package dev.tanren.controlplane.endpoint;

import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// One good answer of a call whose Java type does not say it.
@Repeatable(Answers.class)
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Answer {

    int status() default 200;

    String description();

    /// The record that it is; `Void` where it has no content, `String` for text, `byte[]` for any
    /// bytes.
    Class<?> of() default Void.class;

    /// Whether it is a [dev.tanren.controlplane.api.Page] of those.
    boolean page() default false;

    String[] types() default {"application/json"};

    String[] headers() default {};
}
