package dev.tanren.activities.hub.internal;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.tanren.activities.hub.HubFile;
import dev.tanren.activities.hub.HubSnapshot;
import dev.tanren.activities.hub.HubSnapshot.AnnouncedFile;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import dev.tanren.plan.json.Json;
import dev.tanren.plan.model.HubReference;
import java.io.IOException;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads the Hub's answer about a revision: `sha` and `siblings`.
final class HubListing {

    private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    private HubListing() {}

    /// @throws TanrenException `HUB_CORRUPT` where it is no such answer
    static HubSnapshot read(byte[] json, HubReference reference) {
        JsonNode answer = parse(json, reference);
        String commit = answer.path("sha").asText();
        boolean another =
                COMMIT.matcher(reference.revision()).matches()
                        && !commit.equals(reference.revision());
        if (!COMMIT.matcher(commit).matches() || another) {
            throw corrupt(reference, "it names no commit, or another than was asked for", null);
        }
        SortedMap<String, AnnouncedFile> files = new TreeMap<>();
        for (JsonNode sibling : answer.path("siblings")) {
            String name = sibling.path("rfilename").asText();
            if (!name.isEmpty()) {
                files.put(name, new AnnouncedFile(file(name, sibling)));
            }
        }
        return new HubSnapshot(reference, commit, files);
    }

    private static @Nullable HubFile file(String name, JsonNode sibling) {
        JsonNode lfs = sibling.path("lfs");
        JsonNode size = lfs.has("size") ? lfs.path("size") : sibling.path("size");
        String sha256 = checksum(lfs.path("sha256"), SHA256);
        String blobId = checksum(sibling.path("blobId"), COMMIT);
        // Of a file in large file storage, Git's own hash is that of a pointer to it.
        boolean large = lfs.isObject();
        if (!size.isIntegralNumber() || size.asLong() < 0 || (large ? sha256 : blobId) == null) {
            return null;
        }
        return new HubFile(name, size.asLong(), sha256, large ? null : blobId);
    }

    private static @Nullable String checksum(JsonNode value, Pattern form) {
        return form.matcher(value.asText()).matches() ? value.asText() : null;
    }

    private static JsonNode parse(byte[] json, HubReference reference) {
        try {
            return Json.mapper().readTree(json);
        } catch (JacksonException e) {
            throw corrupt(reference, "it is no JSON: " + Json.problem(e), e);
        } catch (IOException e) {
            throw corrupt(reference, "it cannot be read", e);
        }
    }

    private static TanrenException corrupt(
            HubReference reference, String what, @Nullable Exception cause) {
        return new TanrenException(
                ErrorCode.HUB_CORRUPT,
                "the answer about the model is not the Hub's: " + what,
                reference.toString(),
                "Check that TANREN_HUB_ENDPOINT names a Hub.",
                cause);
    }
}
