import "@guichet/shared/tokens.css";
import "./app/base.css";
import { render } from "preact";
import { App } from "./app/app";
import { Router } from "./app/router";
import { Appearance } from "./app/theme";
import { Session } from "./session/session";
import { Words } from "./words/words";

const words = new Words();
const appearance = new Appearance();
const router = new Router();
const session = new Session();

router.start();
void session.start();
render(<App words={words} appearance={appearance} router={router} session={session} />, document.body);
