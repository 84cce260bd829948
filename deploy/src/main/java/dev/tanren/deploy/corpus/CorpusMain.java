package dev.tanren.deploy.corpus;

import dev.tanren.plan.error.TanrenException;
import java.nio.file.Path;

/// Makes the demo's corpus below `$TANREN_HOME` and prints where it is: code, prose, tokenizer, one
/// path a line.
public final class CorpusMain {

    private CorpusMain() {}

    public static void main(String[] arguments) {
        String home = System.getenv("TANREN_HOME");
        Path folder =
                home == null || home.isBlank()
                        ? Path.of(System.getProperty("user.home"), ".tanren")
                        : Path.of(home);
        String maven = System.getenv().getOrDefault(DemoCorpus.MAVEN_VARIABLE, "mvn");
        try {
            DemoCorpus corpus = DemoCorpus.prepare(folder, Path.of(maven), System.err::println);
            System.out.println(corpus.code());
            System.out.println(corpus.prose());
            System.out.println(corpus.tokenizer());
        } catch (TanrenException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
