package dev.tanren.deploy.stack;

import dev.tanren.deploy.stack.internal.NativesExtraction;
import dev.tanren.launch.RuntimeCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/// The trainer's programs, which need no stack.
public record ModelRuntime(TanrenHome home, Installation installation) {

    /// Command of a program of the trainer; its native libraries are unpacked first where they are
    /// not.
    ///
    /// @param threads CPU threads of the process
    public RuntimeCommand trainer(String mainClass, int threads, List<String> arguments)
            throws InterruptedException {
        NativesExtraction natives = new NativesExtraction(home, installation);
        try {
            natives.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return natives.trainer(mainClass, threads, arguments);
    }
}
