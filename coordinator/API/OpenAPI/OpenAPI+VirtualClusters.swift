extension OpenAPI {
    static let virtualClusterPaths = #"""
            "/v1/virtual-clusters": {
              "get": {
                "operationId": "listVirtualClusters", "tags": ["virtual clusters"],
                "summary": "Virtual clusters by name, with what they have now",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/VirtualClusterPage" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            },
            "/v1/virtual-clusters/{name}": {
              "parameters": [{ "name": "name", "in": "path", "required": true, "schema": { "type": "string" } }],
              "get": {
                "operationId": "showVirtualCluster", "tags": ["virtual clusters"],
                "summary": "One virtual cluster",
                "x-mortise-role": "viewer",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/VirtualClusterView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              },
              "put": {
                "operationId": "setVirtualCluster", "tags": ["virtual clusters"],
                "summary": "Make one, or replace what it says; 409 where running work would be above a quota",
                "x-mortise-role": "admin",
                "requestBody": { "required": true, "content": {
                  "application/json": { "schema": { "$ref": "#/components/schemas/VirtualClusterRequest" } } } },
                "responses": {
                  "200": { "description": "Done; without what it has now", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/VirtualClusterView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              },
              "delete": {
                "operationId": "deleteVirtualCluster", "tags": ["virtual clusters"],
                "summary": "Delete one; 409 while it has active jobs",
                "x-mortise-role": "admin",
                "responses": {
                  "200": { "description": "Done", "content": {
                    "application/json": { "schema": { "$ref": "#/components/schemas/VirtualClusterView" } } } },
                  "default": { "$ref": "#/components/responses/Error" }
                }
              }
            }
        """#

    static let virtualClusterSchemas = #"""
            "Quotas": {
              "type": "object",
              "description": "Whole devices by VENDOR_TYPE_ARCHITECTURE (nvidia_gpu_amd64), whole cores by cpu.",
              "additionalProperties": { "type": "integer", "minimum": 0, "maximum": 1000000 }
            },
            "VirtualClusterView": {
              "type": "object",
              "properties": {
                "name": { "type": "string" }, "weight": { "type": "integer", "minimum": 1, "maximum": 1000 },
                "quotas": { "$ref": "#/components/schemas/Quotas" },
                "userQuotas": { "$ref": "#/components/schemas/Quotas" },
                "createdAt": { "type": "string", "format": "date-time" },
                "types": { "type": "array", "items": { "$ref": "#/components/schemas/VirtualClusterTypeView" } },
                "usageSeconds": { "type": "number",
                  "description": "60 is the whole cluster for a minute; half of it is forgotten in a day." },
                "users": { "type": "array", "items": { "$ref": "#/components/schemas/VirtualClusterUserView" } }
              },
              "required": [
                "name", "weight", "quotas", "userQuotas", "createdAt", "types", "usageSeconds", "users"
              ]
            },
            "VirtualClusterTypeView": {
              "type": "object",
              "properties": {
                "type": { "type": "string" },
                "total": { "type": "integer", "description": "The quota; 0 where there is none." },
                "used": { "type": "integer", "description": "A part counts as a whole one." },
                "available": { "type": "integer" }, "unschedulable": { "type": "integer" }
              },
              "required": [
                "type", "total", "used", "available", "unschedulable"
              ]
            },
            "VirtualClusterUserView": {
              "type": "object",
              "properties": {
                "user": { "type": "string" }, "used": { "$ref": "#/components/schemas/Quotas" },
                "usageSeconds": { "type": "number" }
              },
              "required": [
                "user", "used", "usageSeconds"
              ]
            },
            "VirtualClusterRequest": {
              "type": "object",
              "properties": {
                "quotas": { "$ref": "#/components/schemas/Quotas" },
                "userQuotas": { "$ref": "#/components/schemas/Quotas" },
                "weight": { "type": "integer", "minimum": 1, "maximum": 1000, "default": 1 }
              },
              "required": [
                "quotas"
              ],
              "additionalProperties": false
            },
            "VirtualClusterPage": {
              "type": "object",
              "properties": {
                "items": { "type": "array", "items": { "$ref": "#/components/schemas/VirtualClusterView" } },
                "revision": { "type": "integer", "description": "Of the state that was read." },
                "next": { "type": "integer",
                  "description": "What to ask for next; left out at the end." }
              },
              "required": [
                "items", "revision"
              ]
            }
        """#
}
