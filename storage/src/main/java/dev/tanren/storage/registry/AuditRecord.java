package dev.tanren.storage.registry;

import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.Actor;
import dev.tanren.plan.text.StorableText;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What the audit is to keep of one deed. Holds no secrets: who makes one sees to that.
///
/// Texts are kept as they can be stored, with what PostgreSQL refuses as visible escapes.
///
/// @param action what was done to what, such as `run.pause`
/// @param subject what it was done to, such as `run/01m8…`
/// @param reason in the words of who asked for it
/// @param before a JSON object with what changed, as it was; null where there was nothing
/// @param after the same as it is now; null where nothing is left
/// @param detail a JSON object with what else is worth keeping
/// @param key a record with the same key is kept once; null for records that may repeat
public record AuditRecord(
        Actor actor,
        String action,
        String subject,
        @Nullable String reason,
        @Nullable String before,
        @Nullable String after,
        String detail,
        @Nullable String key) {

    public AuditRecord {
        actor =
                new Actor(
                        StorableText.of(actor.id()),
                        StorableText.of(actor.name()),
                        StorableText.of(actor.role()),
                        storable(actor.address()));
        action = StorableText.of(action);
        subject = StorableText.of(subject);
        reason = storable(reason);
        before = storable(before);
        after = storable(after);
        detail = StorableText.of(detail);
        key = storable(key);
    }

    public static AuditRecord of(Actor actor, String action, String subject) {
        return new AuditRecord(actor, action, subject, null, null, null, "{}", null);
    }

    public AuditRecord because(@Nullable String why) {
        return new AuditRecord(actor, action, subject, why, before, after, detail, key);
    }

    /// @param from null where it did not exist
    /// @param to null where it does not exist any more
    public AuditRecord changing(@Nullable Map<String, ?> from, @Nullable Map<String, ?> to) {
        return new AuditRecord(actor, action, subject, reason, json(from), json(to), detail, key);
    }

    /// @param more written as a JSON object
    public AuditRecord with(Object more) {
        return new AuditRecord(
                actor, action, subject, reason, before, after, Json.write(more), key);
    }

    public AuditRecord once(String by) {
        return new AuditRecord(actor, action, subject, reason, before, after, detail, by);
    }

    /// In the order of the keys, so that equal states have equal texts.
    private static @Nullable String json(@Nullable Map<String, ?> state) {
        return state == null ? null : Json.write(new TreeMap<>(state));
    }

    private static @Nullable String storable(@Nullable String text) {
        return text == null ? null : StorableText.of(text);
    }
}
