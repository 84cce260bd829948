package dev.tanren.deploy.chaos;

import dev.tanren.plan.error.ErrorCode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// Models whose files are not what they seem.
final class Models {

    private static final String CONFIGURATION =
            """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 128,
             "intermediate_size": 352, "num_attention_heads": 4, "num_key_value_heads": 4,
             "num_hidden_layers": 2, "vocab_size": 320, "max_position_embeddings": 128,
             "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
             "tie_word_embeddings": false, "torch_dtype": "float32"}
            """;

    /// The end of a pickle that would call a function where it is read.
    private static final String PICKLE =
            "\u0080\u0002cos\nsystem\nX\u0004\u0000\u0000\u0000true\u0085R.";

    private static final String WEIGHTS = "model.safetensors";
    private static final long MOST_GROWTH_KIB = 256L << 10;

    private Models() {}

    /// Passes when each fails its run by name, and the worker takes no memory that a file asks for.
    static void refused(Laboratory laboratory, Findings findings) throws InterruptedException {
        long worker = laboratory.part("worker");
        long before = peakKib(worker);
        String tensor =
                """
                {"model.embed_tokens.weight": {"dtype": "F32", "shape": [1099511627776],
                 "data_offsets": [0, 4398046511104]}}\
                """;
        refused(
                laboratory,
                findings,
                "pickle",
                ErrorCode.PICKLE_REFUSED,
                "pytorch_model.bin",
                PICKLE.getBytes(StandardCharsets.ISO_8859_1));
        refused(
                laboratory,
                findings,
                "a header of four exbibytes",
                ErrorCode.SAFETENSORS_CORRUPT,
                WEIGHTS,
                safetensors(1L << 62, "{}"));
        refused(
                laboratory,
                findings,
                "a tensor of four tebibytes",
                ErrorCode.SAFETENSORS_CORRUPT,
                WEIGHTS,
                safetensors(tensor.length(), tensor));
        new Bombs(laboratory, findings).refused();
        long growth = peakKib(worker) - before;
        findings.check(
                "the worker's memory is bounded",
                before > 0 && growth < MOST_GROWTH_KIB,
                "its peak grew by " + (growth >> 10) + " MiB");
    }

    private static void refused(
            Laboratory laboratory,
            Findings findings,
            String what,
            ErrorCode code,
            String name,
            byte[] bytes)
            throws InterruptedException {
        Path folder = laboratory.home().data().resolve("model-" + what.hashCode());
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("config.json"), CONFIGURATION);
            Files.write(folder.resolve(name), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        new OnCall(laboratory, findings)
                .expectRefusedRun(what, laboratory.planOver("unsound", folder), code, name);
    }

    private static byte[] safetensors(long headerLength, String header) {
        return ByteBuffer.allocate(Long.BYTES + header.length())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(headerLength)
                .put(header.getBytes(StandardCharsets.US_ASCII))
                .array();
    }

    /// Most that a process has had resident, in KiB; 0 where the system does not say.
    private static long peakKib(long process) {
        try {
            return Files.readAllLines(Path.of("/proc/" + process + "/status")).stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            return 0;
        }
    }
}
