package dev.tanren.activities.process;

import dev.tanren.launch.RankDevice;
import dev.tanren.launch.RuntimeCommand;
import dev.tanren.storage.objects.StoreAddress;
import java.nio.file.Path;
import java.util.List;

/// What the processes of this machine are started with.
///
/// @param java executable of a JDK 25
/// @param trainerClasspath class path of the training runtime
/// @param inferenceClasspath class path of the inference runtime; never in one process with the
///     trainer's
/// @param natives folder of extracted native libraries
/// @param scratch folder for what ends with an attempt
/// @param cache folder for immutable objects, shared by all processes of the machine
/// @param threads CPU threads of processes whose plan does not say
/// @param memoryBytes what the ranks of a gang may have resident together
/// @param device that ranks compute on
public record Node(
        Path java,
        String trainerClasspath,
        String inferenceClasspath,
        Path natives,
        Path scratch,
        Path cache,
        StoreAddress store,
        int threads,
        long memoryBytes,
        RankDevice device) {

    public RuntimeCommand trainer(String mainClass, int processThreads, List<String> arguments) {
        return RuntimeCommand.trainer(
                        java, trainerClasspath, natives, mainClass, processThreads, arguments)
                .on(device);
    }

    public RuntimeCommand inference(String mainClass, int processThreads, List<String> arguments) {
        return RuntimeCommand.inference(
                java, inferenceClasspath, natives, mainClass, processThreads, arguments);
    }
}
