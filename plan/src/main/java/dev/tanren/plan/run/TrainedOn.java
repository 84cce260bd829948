package dev.tanren.plan.run;

import dev.tanren.plan.Architecture;
import dev.tanren.plan.error.ErrorCode;
import dev.tanren.plan.error.TanrenException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What a run trains on. It is fixed by the run's first whole preparation: whoever goes on with the
/// run, goes on with this or is refused. It lies in the registry, in each checkpoint and in the
/// card of what is published.
///
/// @param datasets by their names in the plan, in the plan's order
public record TrainedOn(Model model, Map<String, Data> datasets) {

    public TrainedOn {
        Objects.requireNonNull(model, "model");
        datasets = Collections.unmodifiableMap(new LinkedHashMap<>(datasets));
    }

    /// @param tokenizer null where every dataset came as ready tokens and the base has none
    /// @param base null for fresh weights
    public record Model(
            Architecture architecture, @Nullable Tokenizer tokenizer, @Nullable Base base) {

        public Model {
            Objects.requireNonNull(architecture, "architecture");
        }

        /// Object key of `tokenizer.json`; empty where there is none.
        public String tokenizerKey() {
            return tokenizer == null ? "" : tokenizer.key();
        }

        /// Key prefix of the Hugging Face directory that weights come from, ending in `/`; null for
        /// fresh weights.
        public @Nullable String importedPrefix() {
            return base == null ? null : base.prefix();
        }
    }

    /// @param key of the object
    /// @param sha256 of `tokenizer.json`; where files that say something of its tokens lie beside
    ///     it, over names and hashes of all of them
    /// @param files it and those beside it, by name; none where it is one of a base's
    public record Tokenizer(String key, String sha256, List<File> files) {
        public Tokenizer {
            files = List.copyOf(files);
        }

        /// One of a base's files.
        public Tokenizer(String key, String sha256) {
            this(key, sha256, List.of());
        }
    }

    /// A Hugging Face directory in the object store.
    ///
    /// @param uri that the plan names
    /// @param prefix key prefix of the copy in the store, ending in `/`
    /// @param commit of the Hugging Face Hub, which the revision in the plan was when the files
    ///     were copied; null for other sources
    /// @param sha256 over names and hashes of all its files
    /// @param files weights, configuration and what else was copied, by name
    public record Base(
            String uri, String prefix, @Nullable String commit, String sha256, List<File> files) {
        public Base {
            files = List.copyOf(files);
        }
    }

    /// A file of a source as it was when it was read.
    ///
    /// @param name in its folder, or its whole address
    /// @param modified when it was last changed, by its own file system; empty where nobody says
    public record File(String name, long bytes, String modified, String sha256) {}

    /// A prepared dataset.
    ///
    /// @param contentHash of source bytes, tokenizer and preparation settings
    /// @param manifestKey `datasets/<content hash>/manifest.json`
    /// @param sourcesKey of the object that lists the files it was made of; empty where none does
    public record Data(String contentHash, String manifestKey, String sourcesKey) {}

    /// Object key of each dataset's manifest, by the dataset's name.
    public Map<String, String> manifestKeys() {
        Map<String, String> keys = new LinkedHashMap<>();
        datasets.forEach((name, data) -> keys.put(name, data.manifestKey()));
        return Collections.unmodifiableMap(keys);
    }

    /// Key prefixes, ending in `/`, of every dataset, the tokenizer and the base, in order.
    public SortedSet<String> prefixes() {
        SortedSet<String> prefixes = new TreeSet<>();
        manifestKeys().values().forEach(key -> prefixes.add(folder(key)));
        if (model.tokenizer() != null) {
            prefixes.add(folder(model.tokenizer().key()));
        }
        if (model.base() != null) {
            prefixes.add(model.base().prefix());
        }
        return prefixes;
    }

    private static String folder(String key) {
        return key.substring(0, key.lastIndexOf('/') + 1);
    }

    /// Refuses a checkpoint that was trained on something else.
    ///
    /// @param other what the checkpoint was trained on
    /// @param where its manifest
    /// @throws TanrenException `CHECKPOINT_OTHER_INPUTS` naming each dataset, tokenizer or base
    ///     that differs
    public void requireSame(TrainedOn other, String where) {
        List<String> differences = differences(other);
        if (!differences.isEmpty()) {
            throw new TanrenException(
                    ErrorCode.CHECKPOINT_OTHER_INPUTS,
                    "the checkpoint was trained on something else than the run is prepared for: "
                            + String.join("; ", differences),
                    where,
                    "Put back what is named as it was when the run began, or submit the plan as a"
                            + " new run.");
        }
    }

    /// What differs, in words; where the same content lies does not count.
    private List<String> differences(TrainedOn other) {
        List<String> found = new ArrayList<>();
        if (!model.architecture().equals(other.model.architecture())) {
            found.add("the model has another architecture");
        }
        add(found, "the tokenizer", tokenizerHash(), other.tokenizerHash());
        add(found, "the base model", baseHash(), other.baseHash());
        TreeSet<String> names = new TreeSet<>(datasets.keySet());
        names.addAll(other.datasets.keySet());
        for (String name : names) {
            add(found, "dataset '" + name + "'", hash(name), other.hash(name));
        }
        return found;
    }

    private static void add(List<String> found, String what, String own, String others) {
        if (!own.equals(others)) {
            found.add(what + " is " + shown(own) + ", the checkpoint's " + shown(others));
        }
    }

    private static String shown(String hash) {
        return hash.isEmpty() ? "none" : hash;
    }

    private String tokenizerHash() {
        return model.tokenizer() == null ? "" : model.tokenizer().sha256();
    }

    private String baseHash() {
        return model.base() == null ? "" : model.base().sha256();
    }

    private String hash(String dataset) {
        Data data = datasets.get(dataset);
        return data == null ? "" : data.contentHash();
    }
}
