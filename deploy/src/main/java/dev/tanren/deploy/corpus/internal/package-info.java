/// How sources become code and prose.
package dev.tanren.deploy.corpus.internal;
