package dev.tanren.controlplane.root;

import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.hamcrest.Matchers.equalTo;

import dev.tanren.controlplane.ApiTest;
import dev.tanren.storage.registry.Tokens.Role;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

@QuarkusTest
class PrintedAddressesTest extends ApiTest {

    private static final String BROWSER =
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    /// What messages tell people to open, in string literals of the server and the command line.
    private static final Pattern IN_MESSAGES =
            Pattern.compile("\"[^\"\\n]*?(?:GET |see |open )(/(?:api|q|console)[\\w./-]*)[\"; ]");

    private static final Pattern IN_PAGES =
            Pattern.compile("(?:src|href|from|import|assign\\()\\s*=?\\s*[\"'`]([./][\\w./-]*)");

    @Test
    void theAddressOfTheStackLeadsABrowserToTheConsole() {
        given().redirects()
                .follow(false)
                .header("Accept", BROWSER)
                .get("/")
                .then()
                .statusCode(303)
                .header("Location", equalTo("/console/"));
        String page = given().header("Accept", BROWSER).get("/").asString();
        assertThat(page).contains("<title>Runs · Tanren</title>");
    }

    @Test
    void theConsolesAddressMayBeTypedWithoutItsSlash() {
        String page = given().header("Accept", BROWSER).get("/console").asString();

        assertThat(page).contains("<title>Runs · Tanren</title>");
    }

    /// After an upgrade nobody sees the old console with the new server.
    @Test
    void aBrowserAsksForTheConsolesOwnFilesAnewAndKeepsThoseThatHaveAVersion() {
        for (String own : List.of("/console/", "/console/run.html", "/console/api.js")) {
            given().get(own).then().statusCode(200).header("Cache-Control", equalTo("no-cache"));
        }
        given().get("/webjars/uplot/1.6.30/dist/uPlot.min.css")
                .then()
                .statusCode(200)
                .header("Cache-Control", equalTo("public, max-age=86400, immutable"));
    }

    @Test
    void theAddressOfTheStackTellsAProgramWhereThingsAre() {
        given().get("/").then().statusCode(200).body("name", equalTo("tanren"));
        given().header("Accept", "application/json")
                .get("/")
                .then()
                .statusCode(200)
                .contentType("application/json")
                .body("links.api", equalTo("/api/v1"))
                .body("links.openapi", equalTo("/q/openapi"))
                .body("links.console", equalTo("/console/"));
    }

    @Test
    void everyAddressThatIsPrintedOpens() throws IOException {
        String admin = token(Role.ADMIN);
        Set<String> addresses = new TreeSet<>(Set.of("/", "/api/v1", "/console/sign-in.html"));
        addresses.addAll(values("/", "links", admin));
        addresses.addAll(values("/api/v1", "", admin));
        addresses.addAll(mentioned(Path.of("src/main/java"), IN_MESSAGES));
        addresses.addAll(mentioned(Path.of("../deploy/src/main/java"), IN_MESSAGES));
        addresses.addAll(
                mentioned(Path.of("src/main/resources/META-INF/resources/console"), IN_PAGES));
        String run = recordedRun("printed");

        assertThat(addresses).contains("/q/openapi", "/api/v1/tokens", "/console/api.js");
        assertThat(addresses)
                .allSatisfy(
                        address -> {
                            // A message goes on with the id of a run.
                            String whole = address.endsWith("/runs/") ? address + run : address;
                            as(admin).get(whole).then().statusCode(200);
                        });
    }

    private static Set<String> values(String address, String under, String token) {
        Map<String, String> links = as(token).get(address).jsonPath().getMap(under);
        return Set.copyOf(links.values());
    }

    private static Set<String> mentioned(Path folder, Pattern pattern) throws IOException {
        Set<String> found = new TreeSet<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Matcher matcher = pattern.matcher(Files.readString(file));
                while (matcher.find()) {
                    String address = matcher.group(1);
                    found.add(
                            address.startsWith("/")
                                    ? address
                                    : "/console/" + address.replaceFirst("^\\./", ""));
                }
            }
        }
        return found;
    }
}
