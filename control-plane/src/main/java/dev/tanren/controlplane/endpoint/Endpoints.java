package dev.tanren.controlplane.endpoint;

import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.spi.Bean;
import jakarta.enterprise.inject.spi.BeanManager;
import jakarta.inject.Singleton;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Every call of our resources, as their annotations say it.
@Singleton
public class Endpoints {

    /// `{name}` or `{name: expression}`.
    private static final Pattern PARAMETER =
            Pattern.compile("\\{\\s*([\\w.-]+)\\s*(?::\\s*([^{}]+?)\\s*)?}");

    private final List<Endpoint> all = new ArrayList<>();

    /// @param verb such as `GET`
    /// @param path its template, without the expressions of its parameters
    /// @param address matches the addresses that it is called at
    public record Endpoint(String verb, String path, Pattern address, Method method) {}

    /// Asks for all there are: an `Instance` of them would hold those alone that others yield to.
    Endpoints(BeanManager beans) {
        for (Bean<?> bean : beans.getBeans(Object.class, Any.Literal.INSTANCE)) {
            Class<?> resource = bean.getBeanClass();
            if (resource.isAnnotationPresent(Path.class)) {
                add(resource);
            }
        }
    }

    public List<Endpoint> all() {
        return List.copyOf(all);
    }

    private void add(Class<?> resource) {
        String base = resource.getAnnotation(Path.class).value();
        for (Method method : resource.getDeclaredMethods()) {
            String verb = verb(method);
            if (verb != null) {
                Path below = method.getAnnotation(Path.class);
                String template = template(base, below == null ? "" : below.value());
                String path = PARAMETER.matcher(template).replaceAll("{$1}");
                all.add(new Endpoint(verb, path, address(template), method));
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

    private static String template(String base, String below) {
        String joined = ("/" + base + "/" + below).replaceAll("/+", "/");
        return joined.length() > 1 ? joined.replaceAll("/$", "") : joined;
    }

    private static Pattern address(String template) {
        Matcher parameter = PARAMETER.matcher(template);
        StringBuilder expression = new StringBuilder();
        int at = 0;
        while (parameter.find()) {
            expression.append(Pattern.quote(template.substring(at, parameter.start())));
            String own = parameter.group(2);
            expression.append('(').append(own == null ? "[^/]+" : own).append(')');
            at = parameter.end();
        }
        expression.append(Pattern.quote(template.substring(at))).append("/?");
        return Pattern.compile(expression.toString());
    }
}
