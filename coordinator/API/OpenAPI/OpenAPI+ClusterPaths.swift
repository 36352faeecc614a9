extension OpenAPI {
    /// Paths of the cluster, its nodes and its tokens.
    static let clusterPaths = #"""
            "/healthz": {
              "get": {
                "operationId": "showHealth", "tags": ["cluster"],
                "summary": "The process answers",
                "security": [],
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/StatusView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/readyz": {
              "get": {
                "operationId": "showReadiness", "tags": ["cluster"],
                "summary": "It takes work; 503 while it starts, goes down or cannot write",
                "security": [],
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/StatusView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/metrics": {
              "get": {
                "operationId": "showMetrics", "tags": ["cluster"],
                "summary": "Everything that is measured, for Prometheus; docs/metrics.md lists the families",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Text 0.0.4, or OpenMetrics where it is asked for", "content": {
                    "text/plain": { "schema": { "type": "string" } },
                    "application/openmetrics-text": { "schema": { "type": "string" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/openapi.json": {
              "get": {
                "operationId": "showOpenAPI", "tags": ["cluster"],
                "summary": "This document",
                "security": [],
                "responses": {
                  "200": { "description": "OpenAPI 3.1", "content": { "application/json": {} } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/enroll": {
              "post": {
                "operationId": "enroll", "tags": ["cluster"],
                "summary": "Bind a new agent's key to a node, by a join token's secret",
                "security": [],
                "requestBody": { "required": true, "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/EnrollRequest" } } } },
                "responses": {
                  "201": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/EnrollAnswer" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/cluster": {
              "get": {
                "operationId": "showCluster", "tags": ["cluster"],
                "summary": "Counts and sums of the cluster",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/ClusterView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/cluster/step-down": {
              "post": {
                "operationId": "stepDown", "tags": ["cluster"],
                "summary": "Let another coordinator lead",
                "x-mortise-role": "admin",
                "responses": {
                  "202": { "description": "It will, when what is under way is done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/StatusView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/events": {
              "get": {
                "operationId": "listEvents", "tags": ["cluster"],
                "summary": "History, newest first",
                "x-mortise-role": "viewer",
                "parameters": [
                  { "name": "subject", "in": "query", "schema": { "type": "string" },
                    "description": "node:N, job:N, slot:N or cluster." },
                  { "$ref": "#/components/parameters/Limit" }
                ],
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/EventPage" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/explain/job/{job}": {
              "parameters": [{ "$ref": "#/components/parameters/Job" }],
              "get": {
                "operationId": "explainJob", "tags": ["cluster"],
                "summary": "Why a job is where it is",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/ExplanationView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/explain/task/{job}/{index}": {
              "parameters": [{ "$ref": "#/components/parameters/Job" }, { "$ref": "#/components/parameters/Index" }],
              "get": {
                "operationId": "explainTask", "tags": ["cluster"],
                "summary": "Why a task is where it is",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/ExplanationView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/explain/slot/{slot}": {
              "parameters": [{ "$ref": "#/components/parameters/Slot" }],
              "get": {
                "operationId": "explainSlot", "tags": ["cluster"],
                "summary": "Why a slot waits, or is where it is and not elsewhere",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/ExplanationView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/explain/node/{node}": {
              "parameters": [{ "$ref": "#/components/parameters/Node" }],
              "get": {
                "operationId": "explainNode", "tags": ["cluster"],
                "summary": "Why a node is where it is",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/ExplanationView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/nodes": {
              "get": {
                "operationId": "listNodes", "tags": ["nodes"],
                "summary": "Nodes by number",
                "x-mortise-role": "viewer",
                "parameters": [
                  { "name": "released", "in": "query", "schema": { "type": "boolean" },
                    "description": "Released ones too." }
                ],
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/NodePage" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/nodes/{node}": {
              "parameters": [{ "$ref": "#/components/parameters/Node" }],
              "get": {
                "operationId": "showNode", "tags": ["nodes"],
                "summary": "One node, by number or unique name",
                "x-mortise-role": "viewer",
                "parameters": [
                  { "name": "live", "in": "query", "schema": { "type": "boolean" },
                    "description": "Ask the machine itself for a fresh report." }
                ],
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/NodeView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              },
              "delete": {
                "operationId": "removeNode", "tags": ["nodes"],
                "summary": "Stop what runs there, then revoke its certificate",
                "x-mortise-role": "admin",
                "parameters": [
                  { "name": "reason", "in": "query", "schema": { "type": "string" },
                    "description": "Why, for its history." }
                ],
                "responses": {
                  "200": { "description": "Ordered; done when the state is released", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/NodeView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/nodes/{node}/drain": {
              "parameters": [{ "$ref": "#/components/parameters/Node" }],
              "post": {
                "operationId": "drainNode", "tags": ["nodes"],
                "summary": "Let it finish what it runs and give it nothing new",
                "x-mortise-role": "operator",
                "requestBody": { "required": true, "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/ReasonRequest" } } } },
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/NodeView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/nodes/{node}/cordon": {
              "parameters": [{ "$ref": "#/components/parameters/Node" }],
              "post": {
                "operationId": "cordonNode", "tags": ["nodes"],
                "summary": "Give it nothing new",
                "x-mortise-role": "operator",
                "requestBody": { "required": true, "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/ReasonRequest" } } } },
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/NodeView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/nodes/{node}/uncordon": {
              "parameters": [{ "$ref": "#/components/parameters/Node" }],
              "post": {
                "operationId": "uncordonNode", "tags": ["nodes"],
                "summary": "Take cordon and drain back",
                "x-mortise-role": "operator",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/NodeView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/nodes/{node}/accept": {
              "parameters": [{ "$ref": "#/components/parameters/Node" }],
              "post": {
                "operationId": "acceptNode", "tags": ["nodes"],
                "summary": "Take what it has now for all that it should have",
                "x-mortise-role": "operator",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/NodeView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/tokens": {
              "get": {
                "operationId": "listTokens", "tags": ["tokens"],
                "summary": "Tokens by number, revoked ones too",
                "x-mortise-role": "admin",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/TokenPage" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              },
              "post": {
                "operationId": "createToken", "tags": ["tokens"],
                "summary": "Make a token; its secret is in this one answer",
                "x-mortise-role": "admin",
                "requestBody": { "required": true, "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/CreateTokenRequest" } } } },
                "responses": {
                  "201": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/TokenView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/tokens/{token}": {
              "parameters": [{ "$ref": "#/components/parameters/Token" }],
              "delete": {
                "operationId": "revokeToken", "tags": ["tokens"],
                "summary": "Revoke a token",
                "x-mortise-role": "admin",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/TokenView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            }
        """#
}
