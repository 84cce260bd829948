package dev.tanren.deploy.stack;

import dev.tanren.plan.Plan;
import dev.tanren.storage.admission.PlanFolders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// Which folders of this machine the workers of the embedded stack read `file:` sources from. See
/// decision 20.
public final class FileFolders {

    private FileFolders() {}

    /// Those that every plan may read, whoever submits it: the home's data folder, the product's
    /// own texts, and what whoever starts the stack names. Not the folder it is started in.
    public static List<Path> ofStack(TanrenHome home, Installation installation, List<Path> named) {
        return Stream.of(Stream.of(home.data()), installation.texts().stream(), named.stream())
                .flatMap(folders -> folders)
                .distinct()
                .toList();
    }

    /// Lets a plan that this user submits read below a folder, in the stack of this home.
    ///
    /// @param folder must be there
    public static void admit(TanrenHome home, Plan plan, Path folder) {
        try {
            new PlanFolders(home.planFolders()).admit(plan, folder.toRealPath());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
