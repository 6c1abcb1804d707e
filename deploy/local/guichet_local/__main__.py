"""`python -m guichet_local up|down|status|prepare-tests`."""

import sys

from guichet_local.commands import main

sys.exit(main())
