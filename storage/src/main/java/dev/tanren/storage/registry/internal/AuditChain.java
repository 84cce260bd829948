package dev.tanren.storage.registry.internal;

import dev.tanren.storage.objects.Sha256;
import dev.tanren.storage.registry.Audit.Entry;
import dev.tanren.storage.registry.Audit.Verification;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The chain of SHA-256 over each entry and its predecessor's hash.
///
/// An entry's form says which fields it has. It is part of what is hashed, and never goes back, so
/// that none of its fields can be taken away or given to an older entry.
final class AuditChain {

    static final String BEFORE_THE_FIRST = "0".repeat(64);

    /// Actor's name, action, subject, reason and detail.
    private static final int FIRST_FORM = 1;

    /// Also the actor's id, role and address, the states before and after, and the key.
    static final int FORM = 2;

    private AuditChain() {}

    /// An entry with what the chain needs of it besides.
    ///
    /// @param key by which it is kept once
    record Link(int form, Entry entry, @Nullable String key, String previousHash) {}

    static Verification verify(Iterator<Link> links) {
        Entry first = null;
        Link last = null;
        long entries = 0;
        while (links.hasNext()) {
            Link link = links.next();
            if (!follows(last, link)) {
                return new Verification(
                        entries, first, last == null ? null : last.entry, link.entry.id());
            }
            first = first == null ? link.entry : first;
            last = link;
            entries++;
        }
        return new Verification(entries, first, last == null ? null : last.entry, null);
    }

    private static boolean follows(@Nullable Link before, Link link) {
        String previous = before == null ? BEFORE_THE_FIRST : before.entry.hash();
        return link.entry.id() == (before == null ? 1 : before.entry.id() + 1)
                && link.form >= (before == null ? FIRST_FORM : before.form)
                && link.previousHash.equals(previous)
                && link.entry.hash().equals(hash(link));
    }

    /// Each field goes in with its length, so that no two entries have the same input.
    ///
    /// @return empty, which is no hash, where the entry has fields that its form does not have, or
    ///     a form that is not known
    static String hash(Link link) {
        Entry entry = link.entry;
        String at = Long.toString(entry.at().toEpochMilli());
        return switch (link.form) {
            case FIRST_FORM ->
                    hasLaterFields(entry)
                            ? ""
                            : hash(
                                    link.previousHash,
                                    Long.toString(entry.id()),
                                    at,
                                    entry.actor(),
                                    entry.action(),
                                    entry.subject(),
                                    orNone(entry.reason()),
                                    entry.detail());
            case FORM ->
                    hash(
                            Integer.toString(FORM),
                            link.previousHash,
                            Long.toString(entry.id()),
                            at,
                            orNone(entry.actorId()),
                            entry.actor(),
                            orNone(entry.role()),
                            orNone(entry.address()),
                            entry.action(),
                            entry.subject(),
                            orNone(entry.reason()),
                            orNone(entry.before()),
                            orNone(entry.after()),
                            entry.detail(),
                            orNone(link.key));
            default -> "";
        };
    }

    private static boolean hasLaterFields(Entry entry) {
        return Stream.of(
                        entry.actorId(),
                        entry.role(),
                        entry.address(),
                        entry.before(),
                        entry.after())
                .anyMatch(field -> field != null);
    }

    private static String orNone(@Nullable String field) {
        return field == null ? "-" : "+" + field;
    }

    private static String hash(String... fields) {
        Sha256 digest = new Sha256();
        for (String field : fields) {
            byte[] bytes = field.getBytes(StandardCharsets.UTF_8);
            digest.update(bytes.length + ":");
            digest.update(bytes);
        }
        return digest.hex();
    }
}
