// dprint-ignore-file
/**
 * The commands as data, for what answers before they are loaded. Written by `npm run codegen`.
 *
 * @since 0.1.0
 */
import type { CommandTree } from "../cli/CommandTree.ts"

/** @internal */
export const commandTree: CommandTree = {
 "name": "lazycluster",
 "description": "Clusters on plain SSH hosts: nothing to install there by hand, nothing left behind.",
 "examples": [
  [
   "lazycluster demo",
   "A Dask cluster on three hosts inside this process, and nothing left behind"
  ]
 ],
 "json": false,
 "program": false,
 "options": [],
 "arguments": [],
 "commands": [
  {
   "name": "demo",
   "description": "Start a Dask cluster on SSH hosts, run an example on it, and take everything away again. Without options the hosts are real SSH servers inside this process.",
   "examples": [
    [
     "lazycluster demo",
     "Three hosts inside this process"
    ],
    [
     "lazycluster demo --hosts host-1,host-2",
     "Hosts of your own"
    ],
    [
     "lazycluster demo --plan --json",
     "What it would run, as data"
    ]
   ],
   "json": true,
   "program": false,
   "options": [
    {
     "name": "hosts",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "a,b,c",
      "choices": []
     },
     "description": "Aliases of the ssh config, or user@host:port",
     "repeated": false,
     "required": false
    },
    {
     "name": "sandbox",
     "aliases": [],
     "value": {
      "kind": "integer",
      "label": "N",
      "choices": []
     },
     "description": "N hosts inside this process instead: real SSH servers, gone when the command ends",
     "repeated": false,
     "required": false
    },
    {
     "name": "config",
     "aliases": [
      "c"
     ],
     "value": {
      "kind": "file",
      "label": "file",
      "choices": []
     },
     "description": "The ssh config to read instead of ~/.ssh/config",
     "repeated": false,
     "required": false
    },
    {
     "name": "accept-new",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Take and note the keys of hosts that are not in known_hosts; a changed key is always refused",
     "repeated": false,
     "required": false
    },
    {
     "name": "keep",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Leave the cluster up until Ctrl-C",
     "repeated": false,
     "required": false
    },
    {
     "name": "workers",
     "aliases": [],
     "value": {
      "kind": "integer",
      "label": "integer",
      "choices": []
     },
     "description": "How many workers, dealt out round robin; one a host without this",
     "repeated": false,
     "required": false
    },
    {
     "name": "lease",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "duration",
      "choices": []
     },
     "description": "How long the hosts wait for this process when it is gone before they end everything; 30 seconds without this",
     "repeated": false,
     "required": false
    },
    {
     "name": "plan",
     "aliases": [
      "dry-run"
     ],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Only say what would run where; nothing of the cluster starts",
     "repeated": false,
     "required": false
    }
   ],
   "arguments": [],
   "commands": []
  },
  {
   "name": "completions",
   "description": "Print the script that completes commands, options and hosts in a shell. It asks lazycluster itself: it need not be made anew after an update.",
   "examples": [
    [
     "eval \"$(lazycluster completions bash)\"",
     "In ~/.bashrc"
    ],
    [
     "eval \"$(lazycluster completions zsh)\"",
     "In ~/.zshrc, after compinit"
    ],
    [
     "lazycluster completions fish > ~/.config/fish/completions/lazycluster.fish",
     "Once, for fish"
    ]
   ],
   "json": false,
   "program": false,
   "options": [],
   "arguments": [
    {
     "value": {
      "kind": "choice",
      "label": "shell",
      "choices": [
       "bash",
       "zsh",
       "fish"
      ]
     },
     "description": "bash, zsh or fish",
     "repeated": false,
     "required": true
    }
   ],
   "commands": []
  },
  {
   "name": "doctor",
   "description": "Look at hosts and at this machine: the way there hop by hop, keys, what sshd allows, clock, disk, Python, GPU, who reaches whom. It says what to type for each problem, and ends with 1 if there is one. One connection a host; nothing is changed there.",
   "examples": [
    [
     "lazycluster doctor",
     "This machine and all hosts of the ssh config"
    ],
    [
     "lazycluster doctor host-1 host-2 --all",
     "Two hosts, with all that is well"
    ],
    [
     "lazycluster doctor --json",
     "As data: the schema is Doctor.Diagnosis of the library"
    ]
   ],
   "json": true,
   "program": false,
   "options": [
    {
     "name": "hosts",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "a,b,c",
      "choices": []
     },
     "description": "Aliases of the ssh config, or user@host:port",
     "repeated": false,
     "required": false
    },
    {
     "name": "sandbox",
     "aliases": [],
     "value": {
      "kind": "integer",
      "label": "N",
      "choices": []
     },
     "description": "N hosts inside this process instead: real SSH servers, gone when the command ends",
     "repeated": false,
     "required": false
    },
    {
     "name": "config",
     "aliases": [
      "c"
     ],
     "value": {
      "kind": "file",
      "label": "file",
      "choices": []
     },
     "description": "The ssh config to read instead of ~/.ssh/config",
     "repeated": false,
     "required": false
    },
    {
     "name": "accept-new",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Take and note the keys of hosts that are not in known_hosts; a changed key is always refused",
     "repeated": false,
     "required": false
    },
    {
     "name": "all",
     "aliases": [
      "a"
     ],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "A line for each check, also for what is well",
     "repeated": false,
     "required": false
    }
   ],
   "arguments": [
    {
     "value": {
      "kind": "text",
      "label": "HOST",
      "choices": []
     },
     "description": "Aliases of the ssh config, or user@host:port; all of the ssh config without one",
     "repeated": true,
     "required": false
    }
   ],
   "commands": []
  },
  {
   "name": "help",
   "description": "Show what a command takes, with examples.",
   "examples": [
    [
     "lazycluster help",
     "All commands"
    ],
    [
     "lazycluster help demo",
     "What demo takes"
    ],
    [
     "lazycluster help --json",
     "All commands and their options, as data"
    ]
   ],
   "json": true,
   "program": false,
   "options": [],
   "arguments": [
    {
     "value": {
      "kind": "text",
      "label": "command",
      "choices": []
     },
     "description": "The command, and the one below it: up dask",
     "repeated": true,
     "required": false
    }
   ],
   "commands": []
  },
  {
   "name": "list-runtimes",
   "description": "Show which hosts can be used, and why the others cannot: all of the ssh config, or those that are named.",
   "examples": [
    [
     "lazycluster list-runtimes",
     "All hosts of the ssh config"
    ],
    [
     "lazycluster list-runtimes -l",
     "With system, cores, memory, GPUs, Python, load and disk"
    ],
    [
     "lazycluster list-runtimes --gpu --min-memory 64GB",
     "Only hosts that have what is wanted are active"
    ],
    [
     "lazycluster list-runtimes --json",
     "As data"
    ]
   ],
   "json": true,
   "program": false,
   "options": [
    {
     "name": "hosts",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "a,b,c",
      "choices": []
     },
     "description": "Aliases of the ssh config, or user@host:port",
     "repeated": false,
     "required": false
    },
    {
     "name": "sandbox",
     "aliases": [],
     "value": {
      "kind": "integer",
      "label": "N",
      "choices": []
     },
     "description": "N hosts inside this process instead: real SSH servers, gone when the command ends",
     "repeated": false,
     "required": false
    },
    {
     "name": "config",
     "aliases": [
      "c"
     ],
     "value": {
      "kind": "file",
      "label": "file",
      "choices": []
     },
     "description": "The ssh config to read instead of ~/.ssh/config",
     "repeated": false,
     "required": false
    },
    {
     "name": "accept-new",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Take and note the keys of hosts that are not in known_hosts; a changed key is always refused",
     "repeated": false,
     "required": false
    },
    {
     "name": "gpu",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Only hosts with a GPU",
     "repeated": false,
     "required": false
    },
    {
     "name": "min-memory",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "size",
      "choices": []
     },
     "description": "Only hosts with so much memory: 8GB",
     "repeated": false,
     "required": false
    },
    {
     "name": "min-cpus",
     "aliases": [],
     "value": {
      "kind": "integer",
      "label": "integer",
      "choices": []
     },
     "description": "Only hosts with so many cores",
     "repeated": false,
     "required": false
    },
    {
     "name": "has",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "program",
      "choices": []
     },
     "description": "Only hosts that have this program; may come more than once",
     "repeated": true,
     "required": false
    },
    {
     "name": "long",
     "aliases": [
      "l"
     ],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Show what the hosts are made of, and how busy they are",
     "repeated": false,
     "required": false
    }
   ],
   "arguments": [],
   "commands": []
  },
  {
   "name": "ps",
   "description": "List what lazycluster runs on the hosts and on this machine, whichever program has started it: also what a program that crashed has left until its lease runs out. Nothing is started for it and nothing changed.",
   "examples": [
    [
     "lazycluster ps",
     "This machine and all hosts of the ssh config"
    ],
    [
     "lazycluster ps --hosts host-1,host-2 --long",
     "Two hosts, each process in a line"
    ],
    [
     "lazycluster ps --json",
     "As data: the schema is Ledgers of the library"
    ]
   ],
   "json": true,
   "program": false,
   "options": [
    {
     "name": "hosts",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "a,b,c",
      "choices": []
     },
     "description": "Aliases of the ssh config, or user@host:port",
     "repeated": false,
     "required": false
    },
    {
     "name": "sandbox",
     "aliases": [],
     "value": {
      "kind": "integer",
      "label": "N",
      "choices": []
     },
     "description": "N hosts inside this process instead: real SSH servers, gone when the command ends",
     "repeated": false,
     "required": false
    },
    {
     "name": "config",
     "aliases": [
      "c"
     ],
     "value": {
      "kind": "file",
      "label": "file",
      "choices": []
     },
     "description": "The ssh config to read instead of ~/.ssh/config",
     "repeated": false,
     "required": false
    },
    {
     "name": "accept-new",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Take and note the keys of hosts that are not in known_hosts; a changed key is always refused",
     "repeated": false,
     "required": false
    },
    {
     "name": "long",
     "aliases": [
      "l"
     ],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Each process in a line, too",
     "repeated": false,
     "required": false
    }
   ],
   "arguments": [],
   "commands": []
  },
  {
   "name": "run",
   "description": "Run a program on the host that has the least to do, or on each; it ends with the program's exit code. The words after -- are the program and its arguments as they are; a single word is a line of shell. What it prints comes as it is printed, and is kept: lazycluster logs.",
   "examples": [
    [
     "lazycluster run --hosts host-1 -- python train.py --epochs 3",
     "A program, with its input and output"
    ],
    [
     "lazycluster run --on-all -- 'df -h | tail -1'",
     "A line of shell, on every host of the ssh config"
    ],
    [
     "ls *.csv | lazycluster run --each - --jobs 4 -- python work.py {}",
     "A command for each line, wherever there is room"
    ],
    [
     "lazycluster run --gpu --env TOKEN --dry-run -- ./train.sh",
     "Which host would run it"
    ]
   ],
   "json": true,
   "program": true,
   "options": [
    {
     "name": "hosts",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "a,b,c",
      "choices": []
     },
     "description": "Aliases of the ssh config, or user@host:port",
     "repeated": false,
     "required": false
    },
    {
     "name": "sandbox",
     "aliases": [],
     "value": {
      "kind": "integer",
      "label": "N",
      "choices": []
     },
     "description": "N hosts inside this process instead: real SSH servers, gone when the command ends",
     "repeated": false,
     "required": false
    },
    {
     "name": "config",
     "aliases": [
      "c"
     ],
     "value": {
      "kind": "file",
      "label": "file",
      "choices": []
     },
     "description": "The ssh config to read instead of ~/.ssh/config",
     "repeated": false,
     "required": false
    },
    {
     "name": "accept-new",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Take and note the keys of hosts that are not in known_hosts; a changed key is always refused",
     "repeated": false,
     "required": false
    },
    {
     "name": "gpu",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Only hosts with a GPU",
     "repeated": false,
     "required": false
    },
    {
     "name": "min-memory",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "size",
      "choices": []
     },
     "description": "Only hosts with so much memory: 8GB",
     "repeated": false,
     "required": false
    },
    {
     "name": "min-cpus",
     "aliases": [],
     "value": {
      "kind": "integer",
      "label": "integer",
      "choices": []
     },
     "description": "Only hosts with so many cores",
     "repeated": false,
     "required": false
    },
    {
     "name": "has",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "program",
      "choices": []
     },
     "description": "Only hosts that have this program; may come more than once",
     "repeated": true,
     "required": false
    },
    {
     "name": "on-all",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "On each host, with its name before each line",
     "repeated": false,
     "required": false
    },
    {
     "name": "round-robin",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "A command for each line, dealt out one host after the other; of standard input without --each",
     "repeated": false,
     "required": false
    },
    {
     "name": "each",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "file",
      "choices": []
     },
     "description": "A command for each line of a file (- is standard input), wherever there is room: the line in place of {}, or at the end of the command; without a command, the line itself",
     "repeated": false,
     "required": false
    },
    {
     "name": "env",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "name=value",
      "choices": []
     },
     "description": "A variable for the program; NAME alone gives it the value that it has here; may come more than once",
     "repeated": true,
     "required": false
    },
    {
     "name": "cwd",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "dir",
      "choices": []
     },
     "description": "Where it runs, made if missing; the home directory without this",
     "repeated": false,
     "required": false
    },
    {
     "name": "setup",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "line",
      "choices": []
     },
     "description": "A line of shell that prepares each host: 'module load cuda'",
     "repeated": false,
     "required": false
    },
    {
     "name": "timeout",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "duration",
      "choices": []
     },
     "description": "End the program after so long, with exit code 124",
     "repeated": false,
     "required": false
    },
    {
     "name": "jobs",
     "aliases": [
      "j"
     ],
     "value": {
      "kind": "integer",
      "label": "N",
      "choices": []
     },
     "description": "How many at a time: hosts with --on-all (64), commands on each host with --each (1)",
     "repeated": false,
     "required": false
    },
    {
     "name": "name",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "text",
      "choices": []
     },
     "description": "Names the log: lazycluster logs --task NAME",
     "repeated": false,
     "required": false,
     "fallback": "run"
    },
    {
     "name": "dry-run",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Only say which host would run what",
     "repeated": false,
     "required": false
    }
   ],
   "arguments": [],
   "commands": []
  },
  {
   "name": "shell",
   "description": "Open a shell on a host in this terminal, with the system's own ssh and the ssh config as it stands. Its exit code is the shell's; 255 when ssh could not connect. Words after -- are run in a terminal there instead of a shell.",
   "examples": [
    [
     "lazycluster shell host-1",
     "A login shell"
    ],
    [
     "lazycluster shell host-1 --cwd data/run-7",
     "The same, in a directory below the home"
    ],
    [
     "lazycluster shell host-1 -- htop",
     "A program that wants a terminal"
    ],
    [
     "lazycluster shell host-1 --dry-run",
     "The ssh command that it would run"
    ]
   ],
   "json": false,
   "program": true,
   "options": [
    {
     "name": "hosts",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "a,b,c",
      "choices": []
     },
     "description": "Aliases of the ssh config, or user@host:port",
     "repeated": false,
     "required": false
    },
    {
     "name": "sandbox",
     "aliases": [],
     "value": {
      "kind": "integer",
      "label": "N",
      "choices": []
     },
     "description": "N hosts inside this process instead: real SSH servers, gone when the command ends",
     "repeated": false,
     "required": false
    },
    {
     "name": "config",
     "aliases": [
      "c"
     ],
     "value": {
      "kind": "file",
      "label": "file",
      "choices": []
     },
     "description": "The ssh config to read instead of ~/.ssh/config",
     "repeated": false,
     "required": false
    },
    {
     "name": "accept-new",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Take and note the keys of hosts that are not in known_hosts; a changed key is always refused",
     "repeated": false,
     "required": false
    },
    {
     "name": "cwd",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "dir",
      "choices": []
     },
     "description": "Where it starts; relative to the home directory there",
     "repeated": false,
     "required": false
    },
    {
     "name": "dry-run",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Print the ssh command, and run nothing",
     "repeated": false,
     "required": false
    }
   ],
   "arguments": [
    {
     "value": {
      "kind": "text",
      "label": "HOST",
      "choices": []
     },
     "description": "An alias of the ssh config, or user@host:port",
     "repeated": false,
     "required": false
    }
   ],
   "commands": []
  },
  {
   "name": "up",
   "description": "Start a cluster and keep it up until Ctrl-C, or run a program against it.",
   "examples": [
    [
     "lazycluster up dask",
     "A worker on every host of the ssh config"
    ],
    [
     "lazycluster up dask --hosts a,b --python-env requirements.txt -- python train.py",
     "A program that says Client()"
    ],
    [
     "lazycluster up dask --sandbox 2 --plan",
     "What would run where"
    ]
   ],
   "json": false,
   "program": false,
   "options": [],
   "arguments": [],
   "commands": [
    {
     "name": "dask",
     "description": "Start a Dask cluster and keep it up until Ctrl-C, or until the program after -- has ended.",
     "examples": [
      [
       "lazycluster up dask",
       "A worker on every host of the ssh config"
      ],
      [
       "lazycluster up dask --hosts a,b --python-env requirements.txt -- python train.py",
       "A program that says Client()"
      ],
      [
       "lazycluster up dask --sandbox 2 --plan",
       "What would run where"
      ]
     ],
     "json": true,
     "program": true,
     "options": [
      {
       "name": "hosts",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "a,b,c",
        "choices": []
       },
       "description": "Aliases of the ssh config, or user@host:port",
       "repeated": false,
       "required": false
      },
      {
       "name": "sandbox",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "N",
        "choices": []
       },
       "description": "N hosts inside this process instead: real SSH servers, gone when the command ends",
       "repeated": false,
       "required": false
      },
      {
       "name": "config",
       "aliases": [
        "c"
       ],
       "value": {
        "kind": "file",
        "label": "file",
        "choices": []
       },
       "description": "The ssh config to read instead of ~/.ssh/config",
       "repeated": false,
       "required": false
      },
      {
       "name": "accept-new",
       "aliases": [],
       "value": {
        "kind": "switch",
        "label": "boolean",
        "choices": []
       },
       "description": "Take and note the keys of hosts that are not in known_hosts; a changed key is always refused",
       "repeated": false,
       "required": false
      },
      {
       "name": "gpu",
       "aliases": [],
       "value": {
        "kind": "switch",
        "label": "boolean",
        "choices": []
       },
       "description": "Only hosts with a GPU",
       "repeated": false,
       "required": false
      },
      {
       "name": "min-memory",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "size",
        "choices": []
       },
       "description": "Only hosts with so much memory: 8GB",
       "repeated": false,
       "required": false
      },
      {
       "name": "min-cpus",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "integer",
        "choices": []
       },
       "description": "Only hosts with so many cores",
       "repeated": false,
       "required": false
      },
      {
       "name": "has",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "program",
        "choices": []
       },
       "description": "Only hosts that have this program; may come more than once",
       "repeated": true,
       "required": false
      },
      {
       "name": "workers",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "integer",
        "choices": []
       },
       "description": "How many workers, dealt out round robin; one a host without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "per-host",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "integer",
        "choices": []
       },
       "description": "So many workers on each host",
       "repeated": false,
       "required": false
      },
      {
       "name": "per-gpu",
       "aliases": [],
       "value": {
        "kind": "switch",
        "label": "boolean",
        "choices": []
       },
       "description": "A worker for each GPU, which no other sees",
       "repeated": false,
       "required": false
      },
      {
       "name": "master-on",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "host",
        "choices": []
       },
       "description": "The host of the scheduler, or of the database; this machine without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "python-env",
       "aliases": [],
       "value": {
        "kind": "file",
        "label": "file",
        "choices": []
       },
       "description": "Packages for all hosts: requirements.txt with versions, or a lock (pylock.toml)",
       "repeated": false,
       "required": false
      },
      {
       "name": "package",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "name==version",
        "choices": []
       },
       "description": "One more package for all hosts; may come more than once",
       "repeated": true,
       "required": false
      },
      {
       "name": "python",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "path",
        "choices": []
       },
       "description": "An interpreter that is on all machines, with the packages: then none is made",
       "repeated": false,
       "required": false
      },
      {
       "name": "lease",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "duration",
        "choices": []
       },
       "description": "How long the hosts wait for this process when it is gone before they end everything; 30 seconds without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "nthreads",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "integer",
        "choices": []
       },
       "description": "Threads of each worker; without this its share of the cores",
       "repeated": false,
       "required": false
      },
      {
       "name": "memory-limit",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "size",
        "choices": []
       },
       "description": "What each worker may hold: 8GB; without this its share",
       "repeated": false,
       "required": false
      },
      {
       "name": "nanny",
       "aliases": [],
       "value": {
        "kind": "switch",
        "label": "boolean",
        "choices": []
       },
       "description": "A nanny of Dask for each worker starts it again when it grows over its limit",
       "repeated": false,
       "required": false
      },
      {
       "name": "tls",
       "aliases": [],
       "value": {
        "kind": "switch",
        "label": "boolean",
        "choices": []
       },
       "description": "Encrypt what Dask sends, and let nobody in without the cluster's own certificate",
       "repeated": false,
       "required": false
      },
      {
       "name": "routes",
       "aliases": [],
       "value": {
        "kind": "choice",
        "label": "choice",
        "choices": [
         "auto",
         "tunnel",
         "direct"
        ]
       },
       "description": "How workers reach one another: through this machine, or directly",
       "repeated": false,
       "required": false,
       "fallback": "auto"
      },
      {
       "name": "port",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "integer",
        "choices": []
       },
       "description": "The scheduler's port that is tried first; 8786 without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "dashboard-port",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "integer",
        "choices": []
       },
       "description": "The dashboard's, 8787 without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "deadline",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "integer",
        "choices": []
       },
       "description": "Seconds until all must be ready; 60 without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "plan",
       "aliases": [
        "dry-run"
       ],
       "value": {
        "kind": "switch",
        "label": "boolean",
        "choices": []
       },
       "description": "Only say what would run where; nothing of the cluster starts",
       "repeated": false,
       "required": false
      },
      {
       "name": "logs",
       "aliases": [],
       "value": {
        "kind": "switch",
        "label": "boolean",
        "choices": []
       },
       "description": "Show each line that the processes print",
       "repeated": false,
       "required": false
      }
     ],
     "arguments": [],
     "commands": []
    },
    {
     "name": "hyperopt",
     "description": "Start a Hyperopt cluster and keep it up until Ctrl-C, or until the program after -- has ended.",
     "examples": [
      [
       "lazycluster up hyperopt --hosts a,b -- python search.py",
       "A search with MongoTrials"
      ],
      [
       "lazycluster up hyperopt --dbpath trials",
       "Keep the trials in a directory"
      ],
      [
       "lazycluster up hyperopt --sandbox 2 --plan",
       "What would run where"
      ]
     ],
     "json": true,
     "program": true,
     "options": [
      {
       "name": "hosts",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "a,b,c",
        "choices": []
       },
       "description": "Aliases of the ssh config, or user@host:port",
       "repeated": false,
       "required": false
      },
      {
       "name": "sandbox",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "N",
        "choices": []
       },
       "description": "N hosts inside this process instead: real SSH servers, gone when the command ends",
       "repeated": false,
       "required": false
      },
      {
       "name": "config",
       "aliases": [
        "c"
       ],
       "value": {
        "kind": "file",
        "label": "file",
        "choices": []
       },
       "description": "The ssh config to read instead of ~/.ssh/config",
       "repeated": false,
       "required": false
      },
      {
       "name": "accept-new",
       "aliases": [],
       "value": {
        "kind": "switch",
        "label": "boolean",
        "choices": []
       },
       "description": "Take and note the keys of hosts that are not in known_hosts; a changed key is always refused",
       "repeated": false,
       "required": false
      },
      {
       "name": "gpu",
       "aliases": [],
       "value": {
        "kind": "switch",
        "label": "boolean",
        "choices": []
       },
       "description": "Only hosts with a GPU",
       "repeated": false,
       "required": false
      },
      {
       "name": "min-memory",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "size",
        "choices": []
       },
       "description": "Only hosts with so much memory: 8GB",
       "repeated": false,
       "required": false
      },
      {
       "name": "min-cpus",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "integer",
        "choices": []
       },
       "description": "Only hosts with so many cores",
       "repeated": false,
       "required": false
      },
      {
       "name": "has",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "program",
        "choices": []
       },
       "description": "Only hosts that have this program; may come more than once",
       "repeated": true,
       "required": false
      },
      {
       "name": "workers",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "integer",
        "choices": []
       },
       "description": "How many workers, dealt out round robin; one a host without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "per-host",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "integer",
        "choices": []
       },
       "description": "So many workers on each host",
       "repeated": false,
       "required": false
      },
      {
       "name": "per-gpu",
       "aliases": [],
       "value": {
        "kind": "switch",
        "label": "boolean",
        "choices": []
       },
       "description": "A worker for each GPU, which no other sees",
       "repeated": false,
       "required": false
      },
      {
       "name": "master-on",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "host",
        "choices": []
       },
       "description": "The host of the scheduler, or of the database; this machine without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "python-env",
       "aliases": [],
       "value": {
        "kind": "file",
        "label": "file",
        "choices": []
       },
       "description": "Packages for all hosts: requirements.txt with versions, or a lock (pylock.toml)",
       "repeated": false,
       "required": false
      },
      {
       "name": "package",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "name==version",
        "choices": []
       },
       "description": "One more package for all hosts; may come more than once",
       "repeated": true,
       "required": false
      },
      {
       "name": "python",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "path",
        "choices": []
       },
       "description": "An interpreter that is on all machines, with the packages: then none is made",
       "repeated": false,
       "required": false
      },
      {
       "name": "lease",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "duration",
        "choices": []
       },
       "description": "How long the hosts wait for this process when it is gone before they end everything; 30 seconds without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "nthreads",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "integer",
        "choices": []
       },
       "description": "Threads of the numerical libraries of each worker",
       "repeated": false,
       "required": false
      },
      {
       "name": "exp-key",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "key",
        "choices": []
       },
       "description": "Take only the trials of this experiment",
       "repeated": false,
       "required": false
      },
      {
       "name": "dbpath",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "directory",
        "choices": []
       },
       "description": "Keep the trials there, made if missing; they go without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "db-name",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "name",
        "choices": []
       },
       "description": "The database, `hyperopt` without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "poll-interval",
       "aliases": [],
       "value": {
        "kind": "number",
        "label": "float",
        "choices": []
       },
       "description": "Seconds between two looks for a trial; 0.1 without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "reserve-timeout",
       "aliases": [],
       "value": {
        "kind": "number",
        "label": "float",
        "choices": []
       },
       "description": "Seconds without a trial until a worker connects anew",
       "repeated": false,
       "required": false
      },
      {
       "name": "max-consecutive-failures",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "integer",
        "choices": []
       },
       "description": "So many failed trials, one after the other, start a worker again",
       "repeated": false,
       "required": false
      },
      {
       "name": "workdir",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "directory",
        "choices": []
       },
       "description": "Of the trials on the hosts; one for each without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "no-subprocesses",
       "aliases": [],
       "value": {
        "kind": "switch",
        "label": "boolean",
        "choices": []
       },
       "description": "Evaluate trials in the worker's own process, not each in one of its own",
       "repeated": false,
       "required": false
      },
      {
       "name": "mongod",
       "aliases": [],
       "value": {
        "kind": "text",
        "label": "path",
        "choices": []
       },
       "description": "A mongod; without this the one that is there, or one is brought",
       "repeated": false,
       "required": false
      },
      {
       "name": "cache",
       "aliases": [],
       "value": {
        "kind": "number",
        "label": "float",
        "choices": []
       },
       "description": "Gigabytes of memory for MongoDB; 0.25 without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "port",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "integer",
        "choices": []
       },
       "description": "The port of MongoDB that is tried first; 27017 without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "deadline",
       "aliases": [],
       "value": {
        "kind": "integer",
        "label": "integer",
        "choices": []
       },
       "description": "Seconds until all must be ready; 60 without this",
       "repeated": false,
       "required": false
      },
      {
       "name": "plan",
       "aliases": [
        "dry-run"
       ],
       "value": {
        "kind": "switch",
        "label": "boolean",
        "choices": []
       },
       "description": "Only say what would run where; nothing of the cluster starts",
       "repeated": false,
       "required": false
      },
      {
       "name": "logs",
       "aliases": [],
       "value": {
        "kind": "switch",
        "label": "boolean",
        "choices": []
       },
       "description": "Show each line that the processes print",
       "repeated": false,
       "required": false
      }
     ],
     "arguments": [],
     "commands": []
    }
   ]
  },
  {
   "name": "expose",
   "description": "Make a service of one machine reachable on the loopback of others, over the SSH connections that stand, until Ctrl-C. It is a service of this machine unless --from says of which host; a service of a host is reached here unless --to says where. A link that is lost is waited for, and the same port bound again. Only 127.0.0.1 listens.",
   "examples": [
    [
     "lazycluster expose 5432 --to host-1,host-2",
     "Port 5432 of this machine on two hosts"
    ],
    [
     "lazycluster expose 8888 --from host-1 --at any",
     "A notebook of host-1, on any free port here"
    ],
    [
     "lazycluster expose 8786 --from host-1 --to host-2,host-3",
     "Port 8786 of one host on others, which need not reach it"
    ],
    [
     "lazycluster expose db.internal:5432 --from host-1",
     "What only host-1 can reach, here"
    ],
    [
     "lazycluster expose /run/app.sock --to host-1 --at 9000",
     "A Unix socket of this machine as a port of host-1"
    ]
   ],
   "json": true,
   "program": false,
   "options": [
    {
     "name": "from",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "host",
      "choices": []
     },
     "description": "The host that has the service; manager is this machine",
     "repeated": false,
     "required": false
    },
    {
     "name": "to",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "a,b,c",
      "choices": []
     },
     "description": "Where it is reached; manager is this machine",
     "repeated": false,
     "required": false
    },
    {
     "name": "at",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "port",
      "choices": []
     },
     "description": "Where it is reached: a port, the first of several that is free (9000,9001), any, or a socket; the same number without this",
     "repeated": false,
     "required": false
    },
    {
     "name": "hosts",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "a,b,c",
      "choices": []
     },
     "description": "Aliases of the ssh config, or user@host:port",
     "repeated": false,
     "required": false
    },
    {
     "name": "sandbox",
     "aliases": [],
     "value": {
      "kind": "integer",
      "label": "N",
      "choices": []
     },
     "description": "N hosts inside this process instead: real SSH servers, gone when the command ends",
     "repeated": false,
     "required": false
    },
    {
     "name": "config",
     "aliases": [
      "c"
     ],
     "value": {
      "kind": "file",
      "label": "file",
      "choices": []
     },
     "description": "The ssh config to read instead of ~/.ssh/config",
     "repeated": false,
     "required": false
    },
    {
     "name": "accept-new",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Take and note the keys of hosts that are not in known_hosts; a changed key is always refused",
     "repeated": false,
     "required": false
    },
    {
     "name": "lease",
     "aliases": [],
     "value": {
      "kind": "text",
      "label": "duration",
      "choices": []
     },
     "description": "How long the hosts wait for this process when it is gone before they end everything; 30 seconds without this",
     "repeated": false,
     "required": false
    },
    {
     "name": "dry-run",
     "aliases": [],
     "value": {
      "kind": "switch",
      "label": "boolean",
      "choices": []
     },
     "description": "Only say what would lead where",
     "repeated": false,
     "required": false
    }
   ],
   "arguments": [
    {
     "value": {
      "kind": "text",
      "label": "SERVICE",
      "choices": []
     },
     "description": "A port, ports as FIRST-LAST, ADDRESS:PORT as its machine sees it, or the absolute path of a socket",
     "repeated": false,
     "required": true
    }
   ],
   "commands": []
  }
 ]
}
