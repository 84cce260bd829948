/// `./tanren demo`: one plan on real text, killed twice, and the proof that it made no difference.
package dev.tanren.deploy.demo;
