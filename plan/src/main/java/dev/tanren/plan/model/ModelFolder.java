package dev.tanren.plan.model;

import dev.tanren.plan.error.TanrenException;
import java.util.List;

/// A folder with a model's files, wherever it lies.
public interface ModelFolder {

    boolean has(String name);

    /// All of a small file that is there, such as an index of weights.
    ///
    /// @throws TanrenException where it cannot be read
    byte[] read(String name);

    /// Names of the files right in it, in order; may be empty where it cannot be listed.
    List<String> names();

    /// The same folder with none but the files of these names.
    default ModelFolder only(List<String> allowed) {
        ModelFolder whole = this;
        return new ModelFolder() {
            @Override
            public boolean has(String name) {
                return allowed.contains(name) && whole.has(name);
            }

            @Override
            public byte[] read(String name) {
                return whole.read(name);
            }

            @Override
            public List<String> names() {
                return whole.names().stream().filter(allowed::contains).toList();
            }

            @Override
            public String where(String name) {
                return whole.where(name);
            }
        };
    }

    /// What errors call a file of it; the folder itself for the empty name.
    String where(String name);
}
