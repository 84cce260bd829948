package dev.tanren.deploy.demo;

import dev.tanren.plan.Plan;
import dev.tanren.plan.validation.PlanReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/// The demo's plan with its places filled in.
///
/// @param code folder of the domain
/// @param include glob of the domain's files below `code`
/// @param prose JSON lines of the general data
public record DemoPlan(Path code, String include, Path prose, Path tokenizer) {

    /// Text files of most languages; binaries beside them are left alone.
    public static final String SOURCE_FILES =
            "**/*.{java,kt,scala,groovy,py,js,ts,go,rs,c,h,cc,cpp,hpp,cs,rb,php,swift,sql,sh,md,txt,xml,html,css}";

    private static final String TEMPLATE = "/demo/plan.yaml";
    private static final Map<String, String> TOKENS =
            Map.of("baseTokens", "400Ki", "shortTokens", "200Ki", "longTokens", "240Ki");

    /// Under any of the names that it is run by, it reads the same.
    Plan plan() {
        return PlanReader.read(render("demo")).planOrThrow();
    }

    String render(String name) {
        String text = template();
        for (Map.Entry<String, String> entry : TOKENS.entrySet()) {
            text = text.replace("${" + entry.getKey() + "}", entry.getValue());
        }
        return text.replace("${name}", name)
                .replace("${code}", code.toString())
                .replace("${include}", include)
                .replace("${prose}", prose.toString())
                .replace("${tokenizer}", tokenizer.toString());
    }

    private static String template() {
        try (InputStream stream = DemoPlan.class.getResourceAsStream(TEMPLATE)) {
            if (stream == null) {
                throw new IllegalStateException("the build left out " + TEMPLATE);
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
