package reference

// responses are the answers that are errors.
func responses() object {
	described := object{}
	for name, text := range map[string]string{
		"BadRequest":          "The body is not a JSON object.",
		"Forbidden":           "The caller is not root.",
		"NotFound":            "There is no such thing.",
		"NotAcceptable":       "Accept does not admit JSON.",
		"Conflict":            "It was changed meanwhile (If-Match), there is one of that name already, or the files on the disk have problems of their own.",
		"TooLarge":            "The body is too large.",
		"UnsupportedType":     "Content-Type is not application/json.",
		"Unprocessable":       "A parameter is unknown, of the wrong type or makes no sense, and is named; or no server of the directory is of use, and the report says why.",
		"Failed":              "It could not be done; nothing is changed.",
		"InsufficientStorage": "There is no room for the managed file; nothing is changed.",
	} {
		described[name] = object{"description": text, "content": object{"application/problem+json": object{"schema": schema("Problem")}}}
	}
	return described
}

// operation describes one request.
type operation struct {
	summary    string
	parameters []object
	body       string // the name of a schema, empty without a body
	status     string // of success
	answer     object // a schema, nil without a body
	tagged     bool   // with an ETag
	located    bool   // with a Location
	changes    bool
}

// object is the operation as the document has it.
func (o operation) object() object {
	success := object{"description": "Done."}
	if o.answer != nil {
		success["content"] = object{"application/json": object{"schema": o.answer}}
	}
	headers := object{}
	if o.tagged {
		headers["ETag"] = object{"description": "For If-Match.", "schema": object{"type": "string"}}
	}
	if o.located {
		headers["Location"] = object{"description": "Where it is.", "schema": object{"type": "string"}}
	}
	if len(headers) > 0 {
		success["headers"] = headers
	}
	answers := object{o.status: success, "403": ref("responses", "Forbidden"), "406": ref("responses", "NotAcceptable"), "409": ref("responses", "Conflict")}
	described := object{"summary": o.summary, "responses": answers}
	parameters := o.parameters
	if o.changes {
		parameters = append(parameters, ifMatch())
		answers["500"] = ref("responses", "Failed")
		answers["507"] = ref("responses", "InsufficientStorage")
		answers["422"] = ref("responses", "Unprocessable")
	}
	if o.body != "" {
		described["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": schema(o.body)}}}
		answers["400"] = ref("responses", "BadRequest")
		answers["413"] = ref("responses", "TooLarge")
		answers["415"] = ref("responses", "UnsupportedType")
	}
	if len(parameters) > 0 {
		described["parameters"] = parameters
	}
	return described
}

func ifMatch() object {
	return object{"name": "If-Match", "in": "header", "schema": object{"type": "string"},
		"description": "The ETag of what is to be changed. If it is another one by now, nothing is changed (409)."}
}

func query(name, kind, text string) object {
	return object{"name": name, "in": "query", "description": text, "schema": object{"type": kind}}
}

func listOf(name string) object { return object{"type": "array", "items": schema(name)} }

// paths are all requests.
func paths() object {
	all := object{
		"/v1/authentication-settings": object{
			"get": operation{summary: "The settings of authentication: accounts, logins, services", status: "200", answer: schema("AuthenticationItem"), tagged: true}.object(),
			"put": operation{summary: "Replace the settings; a key that is not given gets its default", status: "200", body: "Authentication",
				answer: schema("AuthenticationItem"), tagged: true, changes: true}.object(),
			"delete": operation{summary: "Go back to the settings of the administrator's file", status: "200", answer: schema("AuthenticationItem"), tagged: true, changes: true}.object(),
		},
		"/v1/status":       object{"get": operation{summary: "How the daemon is", status: "200", answer: schema("Status")}.object()},
		"/v1/cache/flush":  object{"post": operation{summary: "Forget what directories said", status: "204"}.object()},
		"/v1/openapi.json": object{"get": operation{summary: "This document", status: "200", answer: object{"type": "object"}}.object()},
		"/metrics": object{"get": object{"summary": "Figures for Prometheus", "responses": object{
			"200": object{"description": "The text exposition format.", "content": object{"text/plain": object{"schema": object{"type": "string"}}}},
			"403": ref("responses", "Forbidden"),
		}}},
	}
	collection(all, "/v1/directories", "Directory", "directory", query("force", "boolean", "Save it although no server is of use."))
	collection(all, "/v1/roles", "Role", "role")
	directories := all["/v1/directories"].(object)
	directories["post"].(object)["parameters"] = append(directories["post"].(object)["parameters"].([]object), query("position", "integer", "When it is asked; 1 is first."))
	all["/v1/directories/{name}/verify"] = object{"parameters": []object{pathName()},
		"post": withNotFound(operation{summary: "Try every server: connect, TLS, bind, search", status: "200", answer: schema("Report")}.object())}
	all["/v1/directories/{name}/move"] = object{"parameters": []object{pathName()},
		"post": withNotFound(operation{summary: "Change when it is asked", status: "200", body: "Move", answer: listOf("DirectoryItem"), changes: true}.object())}
	return all
}

func pathName() object {
	return object{"name": "name", "in": "path", "required": true, "schema": object{"type": "string"}}
}

func withNotFound(operation object) object {
	operation["responses"].(object)["404"] = ref("responses", "NotFound")
	return operation
}

// collection adds a list of things with names.
func collection(all object, path, name, what string, parameters ...object) {
	item := schema(name + "Item")
	all[path] = object{
		"get":  operation{summary: "All of them, in order", status: "200", answer: listOf(name + "Item")}.object(),
		"post": operation{summary: "Add a " + what, status: "201", body: name, answer: item, tagged: true, located: true, changes: true, parameters: parameters}.object(),
	}
	all[path+"/{name}"] = object{
		"parameters": []object{pathName()},
		"get":        withNotFound(operation{summary: "One " + what, status: "200", answer: item, tagged: true}.object()),
		"put": withNotFound(operation{summary: "Replace a " + what + "; a key that is not given gets its default, but passwords stay for the same identity",
			status: "200", body: name, answer: item, tagged: true, changes: true, parameters: parameters}.object()),
		"delete": withNotFound(operation{summary: "Remove a " + what, status: "204", changes: true}.object()),
	}
	all[path+"/{name}/reset"] = object{
		"parameters": []object{pathName()},
		"post": withNotFound(operation{summary: "Go back to the " + what + " of the administrator's file", status: "200", answer: item, tagged: true,
			changes: true, parameters: parameters}.object()),
	}
}
