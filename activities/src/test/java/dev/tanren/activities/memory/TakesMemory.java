package dev.tanren.activities.memory;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/// A program that takes so many MiB outside its heap when it is told a number on its input, says
/// so, and lives until its input ends.
public final class TakesMemory {

    private TakesMemory() {}

    static Process start() throws Exception {
        return new ProcessBuilder(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:+UseSerialGC",
                                "-Xmx32m",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty(
                                        "surefire.test.class.path",
                                        System.getProperty("java.class.path")),
                                TakesMemory.class.getName()))
                .redirectErrorStream(true)
                .start();
    }

    public static void main(String[] arguments) throws Exception {
        System.out.println("ready");
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        String line = input.readLine();
        while (line != null) {
            MemorySegment taken = Arena.global().allocate(Long.parseLong(line) << 20);
            for (long place = 0; place < taken.byteSize(); place += 4096) {
                taken.set(java.lang.foreign.ValueLayout.JAVA_BYTE, place, (byte) 1);
            }
            System.out.println("taken");
            line = input.readLine();
        }
    }
}
