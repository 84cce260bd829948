package dev.tanren.controlplane.problem;

import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Singleton;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Which methods an address takes: what its resources say, and `GET` for what the runtime serves by
/// itself. Where there is `GET` there is `HEAD`, and where there is anything there is `OPTIONS`.
///
/// The framework's own answers name the methods of a whole class, whichever of its addresses was
/// asked for.
@Singleton
public class AllowedMethods {

    /// `{name}` or `{name: expression}`.
    private static final Pattern PARAMETER =
            Pattern.compile("\\{\\s*[\\w.-]+\\s*(?::\\s*([^{}]+?)\\s*)?}");

    private static final Pattern SERVED_BY_THE_RUNTIME =
            Pattern.compile(
                    "/q/(openapi|metrics|health(/(live|ready|started))?)"
                            + "|/console/?|/console/[\\w./-]+|/webjars/[\\w./-]+");

    private final List<Call> calls = new ArrayList<>();

    private record Call(Pattern path, String method) {}

    AllowedMethods(@Any Instance<Object> beans) {
        for (Instance.Handle<Object> handle : beans.handles()) {
            Class<?> resource = handle.getBean().getBeanClass();
            if (resource.isAnnotationPresent(Path.class)) {
                add(resource);
            }
        }
    }

    private void add(Class<?> resource) {
        String base = resource.getAnnotation(Path.class).value();
        for (Method method : resource.getDeclaredMethods()) {
            String verb = verb(method);
            if (verb != null) {
                Path below = method.getAnnotation(Path.class);
                calls.add(new Call(pattern(base, below == null ? "" : below.value()), verb));
            }
        }
    }

    private static @Nullable String verb(Method method) {
        for (var annotation : method.getAnnotations()) {
            HttpMethod verb = annotation.annotationType().getAnnotation(HttpMethod.class);
            if (verb != null) {
                return verb.value();
            }
        }
        return null;
    }

    private static Pattern pattern(String base, String below) {
        String template = ("/" + base + "/" + below).replaceAll("/+", "/").replaceAll("/$", "");
        Matcher parameter = PARAMETER.matcher(template);
        StringBuilder expression = new StringBuilder();
        int at = 0;
        while (parameter.find()) {
            expression.append(Pattern.quote(template.substring(at, parameter.start())));
            String own = parameter.group(1);
            expression.append('(').append(own == null ? "[^/]+" : own).append(')');
            at = parameter.end();
        }
        expression.append(Pattern.quote(template.substring(at))).append("/?");
        return Pattern.compile(expression.toString());
    }

    /// The methods that an address takes, in the order of the alphabet; none where nothing is.
    ///
    /// @param path without the query; what it has after a `;` is left out, as the framework does
    public SortedSet<String> at(String path) {
        String plain = path.replaceAll(";[^/]*", "");
        SortedSet<String> methods = new TreeSet<>();
        for (Call call : calls) {
            if (call.path.matcher(plain).matches()) {
                methods.add(call.method);
            }
        }
        if (methods.isEmpty() && SERVED_BY_THE_RUNTIME.matcher(plain).matches()) {
            methods.add(HttpMethod.GET);
        }
        if (methods.contains(HttpMethod.GET)) {
            methods.add(HttpMethod.HEAD);
        }
        if (!methods.isEmpty()) {
            methods.add(HttpMethod.OPTIONS);
        }
        return methods;
    }
}
