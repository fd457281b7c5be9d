import { render } from "preact"
import "./style/base.css"
import "./style/parts.css"
import "./style/surfaces.css"
import "./style/track.css"
import "./style/pages.css"
import "./style/mixer.css"
import { Studio } from "./studio"

const root = document.getElementById("app")
if (root) render(<Studio />, root)
