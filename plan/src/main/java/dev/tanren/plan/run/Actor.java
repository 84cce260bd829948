package dev.tanren.plan.run;

import org.jspecify.annotations.Nullable;

/// Who does something that is recorded: a person or program with a token, or a part of Tanren.
///
/// @param id never changes and is never given to another: that of the token, `program:` and a name
///     for a part of Tanren, `nobody` for who showed nothing that is known
/// @param name as people know it, which need not be theirs alone
/// @param role what they might do at that time, as its key
/// @param address where the request came from; null where it came over no network
public record Actor(String id, String name, String role, @Nullable String address) {

    private static final String PROGRAM = "program";

    public Actor {
        if (id.isBlank() || name.isBlank() || role.isBlank()) {
            throw new IllegalArgumentException("an actor has an id, a name and a role");
        }
    }

    /// A part of Tanren that acts by itself.
    public static Actor program(String name) {
        return new Actor(PROGRAM + ":" + name, name, PROGRAM, null);
    }

    /// Whoever sent something from this address.
    public static Actor nobody(@Nullable String address) {
        return new Actor("nobody", "nobody", "none", address);
    }
}
