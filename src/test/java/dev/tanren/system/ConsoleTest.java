package dev.tanren.system;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.options.AriaRole;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/// Follows a run in a real browser, as somebody on call would.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ConsoleTest {

    private static final double LIMIT_MILLIS = Duration.ofMinutes(3).toMillis();

    private EmbeddedStack stack;
    private RunClient runs;
    private Playwright playwright;
    private Browser browser;

    @BeforeAll
    void startsTheStackAndABrowser() throws Exception {
        Optional<Path> chromium =
                Stream.of(
                                "/usr/bin/chromium",
                                "/usr/bin/chromium-browser",
                                "/usr/bin/google-chrome")
                        .map(Path::of)
                        .filter(Files::isExecutable)
                        .findFirst();
        Assumptions.assumeTrue(
                chromium.isPresent(),
                "skipped: no Chromium on this machine (apt-get install chromium)");
        playwright =
                Playwright.create(
                        new Playwright.CreateOptions()
                                .setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        browser =
                playwright
                        .chromium()
                        .launch(
                                new BrowserType.LaunchOptions()
                                        .setExecutablePath(chromium.get())
                                        .setArgs(
                                                List.of(
                                                        "--no-sandbox",
                                                        "--disable-gpu",
                                                        "--disable-quic",
                                                        "--no-first-run",
                                                        "--disable-background-networking",
                                                        "--disable-component-update",
                                                        "--disable-sync")));
        stack = EmbeddedStack.start();
        runs = new RunClient(stack);
    }

    @AfterAll
    void stopsWhatItStarted() throws Exception {
        if (playwright != null) {
            playwright.close();
        }
        if (stack != null) {
            stack.close();
        }
    }

    @Test
    void aRunIsFollowedFromSignInToSuccessWithAPauseInBetween() throws Exception {
        runs.submit(SmallPlans.curriculumWithGate("followed", 2));
        List<String> mistakes = new ArrayList<>();
        Page page = signedIn(mistakes);
        page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("followed"))
                .first()
                .click();

        Locator status = page.locator("#status .status");
        eventually(status).hasText("running");
        eventually(page.locator("#charts canvas").first()).isVisible();

        page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Pause")).click();
        page.getByRole(AriaRole.DIALOG)
                .getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Pause"))
                .click();
        eventually(status).hasText("paused");

        page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Resume")).click();
        assertThat(page.locator("#confirm-text").textContent()).contains("step");
        page.getByRole(AriaRole.DIALOG)
                .getByRole(AriaRole.BUTTON, new Locator.GetByRoleOptions().setName("Resume"))
                .click();
        eventually(status).hasText("succeeded");

        assertDiagnosed(page.locator("#diagnosis"));
        assertThat(page.locator("#gates"))
                .containsText(
                        Pattern.compile(
                                "What gate measured.*code.*prose.*✓ code.perplexity is [0-9.]+,"
                                        + " must be below 4000",
                                Pattern.DOTALL));
        assertThat(page.locator("#checkpoints tr")).not().hasCount(0);
        assertThat(page.locator("#events li").allTextContents())
                .anySatisfy(event -> assertThat(event).containsIgnoringCase("paused"));
        assertThat(mistakes).isEmpty();
    }

    @Test
    void aPlanIsStartedFromATemplateThatWasBrokenAndMendedAndAgainFromItsRun() throws Exception {
        List<String> mistakes = new ArrayList<>();
        Page page = signedIn(mistakes);
        page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Launch").setExact(true))
                .click();
        page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("A first run")).click();
        Locator text = page.locator("#text");
        assertThat(page.locator("#verdict")).hasText(Pattern.compile("^✓ Valid"));

        String plan = text.inputValue().replace("name: first-run", "name: launched");
        String broken = plan.replace("microBatch: 4", "microBach: 4");
        text.fill(broken);
        assertBrokenAt(
                page, (int) broken.substring(0, broken.indexOf("microBach")).lines().count());
        page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Write microBatch"))
                .click();
        assertThat(text).hasValue(plan);
        assertThat(page.locator("#verdict")).hasText(Pattern.compile("^✓ Valid"));
        assertExplained(page.locator("#explanation"));

        page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Start run"))
                .dblclick();
        page.waitForURL(Pattern.compile(".*/console/run\\.html\\?id=.*"));
        eventually(page.locator("#status .status")).hasText("succeeded");
        assertThat(runs.get("runs?name=launched").path("items")).hasSize(1);
        assertThat(page.locator("#data"))
                .containsText(
                        Pattern.compile(
                                "prose.*Documents.*Tokens to train on.*Held out.*Duplicates.*Dropped"
                                        + ".*file:.*/docs.*documents",
                                Pattern.DOTALL));

        page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Again with changes"))
                .click();
        assertThat(page.locator("#origin")).hasText(Pattern.compile("as it was submitted by run"));
        assertThat(text).hasValue(plan);
        assertThat(page.locator("#data")).containsText("as launched prepared it");
        text.fill(plan + "# mine");
        page.reload();
        assertThat(text).hasValue(plan + "# mine");
        assertThat(mistakes).isEmpty();
    }

    /// What is wrong is marked at its line and listed with its code, and nothing can be started.
    private static void assertBrokenAt(Page page, int line) {
        Locator problem = page.locator("#problems li");
        assertThat(problem).hasCount(1);
        assertThat(problem).containsText("stages[0].microBach");
        assertThat(problem).containsText("TNR-1002");
        assertThat(problem.getByRole(AriaRole.BUTTON).first()).hasText("line " + line);
        assertThat(page.locator(".gutter [data-mark=error]")).hasText(Integer.toString(line));
        assertThat(page.locator("#start")).isDisabled();
    }

    private static void assertExplained(Locator explanation) {
        assertThat(explanation)
                .containsText(
                        Pattern.compile(
                                "Memory: [0-9.]+ MiB for a rank of [0-9.]+ GiB: fits, \\d+ %"));
        assertThat(explanation)
                .containsText(
                        Pattern.compile("Time: [0-9.]+ s for its steps, [0-9,]+ tokens/s a rank"));
        assertThat(explanation).containsText("60 steps, 61.4k tokens, 1 rank of 1 thread");
    }

    /// A page of the console of an administrator, which writes down what goes wrong on it.
    private Page signedIn(List<String> mistakes) throws IOException {
        Page page = browser.newPage();
        page.onConsoleMessage(
                message -> {
                    if (message.type().equals("error") && !message.text().contains("401")) {
                        mistakes.add(message.text());
                    }
                });
        page.onPageError(mistakes::add);
        page.navigate(stack.address() + "/console/");
        page.getByLabel("API token").fill(stack.adminToken());
        page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Sign in")).click();
        return page;
    }

    /// The card says in words where the time of a step goes, with figures, and what to do.
    private static void assertDiagnosed(Locator card) {
        eventually(card).isVisible();
        eventually(card.locator("#diagnosis-note"))
                .hasText(Pattern.compile("^steps \\d+ to 120 of adapt on 2 ranks, "));
        assertThat(card.locator("#diagnosis-verdict"))
                .hasText(
                        Pattern.compile("^(Compute|Data|Communication|Memory|Checkpoint)-bound:$"));
        assertThat(card.locator("#diagnosis-evidence")).hasText(Pattern.compile("\\d+ %.*\\.$"));
        assertThat(card.locator("#diagnosis-mend")).hasText(Pattern.compile("\\w+"));
        assertThat(card.locator("#diagnosis-shares"))
                .hasAttribute("aria-label", Pattern.compile("(forward|backward) \\d+ %"));
        assertThat(card.locator("#diagnosis-legend span")).not().hasCount(0);
    }

    private static Waiting eventually(Locator locator) {
        return new Waiting(locator);
    }

    /// Assertions that wait as long as a small run may take.
    private record Waiting(Locator locator) {
        void hasText(String text) {
            assertThat(locator)
                    .hasText(text, new LocatorAssertions.HasTextOptions().setTimeout(LIMIT_MILLIS));
        }

        void hasText(Pattern text) {
            assertThat(locator)
                    .hasText(text, new LocatorAssertions.HasTextOptions().setTimeout(LIMIT_MILLIS));
        }

        void isVisible() {
            assertThat(locator)
                    .isVisible(new LocatorAssertions.IsVisibleOptions().setTimeout(LIMIT_MILLIS));
        }
    }
}
