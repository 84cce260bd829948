package dev.tanren.controlplane.security;

import dev.tanren.storage.registry.Tokens.Role;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// The keys of the roles, as `@RolesAllowed` names them. A method names the least role that may
/// call it: whoever has a greater one has this one too.
public final class Roles {

    public static final String VIEWER = "viewer";
    public static final String OPERATOR = "operator";
    public static final String APPROVER = "approver";
    public static final String ADMIN = "admin";

    private Roles() {}

    static String key(Role role) {
        return role.name().toLowerCase(Locale.ROOT);
    }

    /// The keys of a role and of all that it includes.
    static Set<String> includedIn(Role role) {
        return Arrays.stream(Role.values())
                .filter(other -> other.compareTo(role) <= 0)
                .map(Roles::key)
                .collect(Collectors.toUnmodifiableSet());
    }
}
