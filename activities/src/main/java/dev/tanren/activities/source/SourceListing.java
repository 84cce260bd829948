package dev.tanren.activities.source;

import dev.tanren.plan.json.Json;
import dev.tanren.plan.run.TrainedOn.File;
import dev.tanren.storage.objects.ObjectStore;
import dev.tanren.storage.objects.Sha256;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The files of a source as they were when they were read.
public record SourceListing(List<File> files) {

    private static final long MOST_READ = 1L << 30;

    public SourceListing {
        files = List.copyOf(files);
    }

    /// Stores it under a name of its own content.
    ///
    /// @param prefix of the key, ending in `/`
    /// @return the object's key
    public String store(ObjectStore store, String prefix) {
        byte[] json = Json.write(this).getBytes(StandardCharsets.UTF_8);
        String key = prefix + "sources-" + Sha256.of(json) + ".json";
        store.putIfAbsent(key, json);
        return key;
    }

    /// @throws dev.tanren.plan.error.TanrenException `OBJECT_MISSING` and what the store throws
    public static SourceListing read(ObjectStore store, String key) {
        return Json.read(new String(store.get(key), StandardCharsets.UTF_8), SourceListing.class);
    }

    /// What is not as it was, in words, file by file; empty where all is.
    ///
    /// Names and lengths are compared, then times of change, then hashes. Only a file whose time is
    /// another is read for its hash, and at most 1 GiB in all: what lies beyond may have changed,
    /// and is said to. Of an object without a hash, name and length must do.
    ///
    /// @param now what is there now, by the names of this listing
    public List<String> differences(Map<String, SourceContent> now, Progress progress) {
        List<String> found = new ArrayList<>();
        Map<String, SourceContent> unknown = new HashMap<>(now);
        long left = MOST_READ;
        for (File file : files) {
            SourceContent there = unknown.remove(file.name());
            if (there == null) {
                found.add(file.name() + " is gone");
            } else if (there.bytes() != file.bytes() || hasOtherHash(file, there.announced())) {
                found.add(file.name() + " is changed");
            } else if (touched(file, there)) {
                left -= file.bytes();
                if (left < 0) {
                    found.add(file.name() + " may be changed");
                } else if (hasOtherHash(file, there.sha256(progress))) {
                    found.add(file.name() + " is changed");
                }
            }
        }
        unknown.keySet().stream().sorted().forEach(name -> found.add(name + " is new"));
        return found;
    }

    private static boolean hasOtherHash(File file, String sha256) {
        return !sha256.isEmpty() && !sha256.equals(file.sha256());
    }

    /// Whether its time of change is known and another.
    private static boolean touched(File file, SourceContent there) {
        return !file.modified().isEmpty() && !file.modified().equals(there.modified());
    }
}
