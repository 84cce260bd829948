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
