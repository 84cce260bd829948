/// The REST API from the client's side, for the command line and the demo.
package dev.tanren.deploy.client;
