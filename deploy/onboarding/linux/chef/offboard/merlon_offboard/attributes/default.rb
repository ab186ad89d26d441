# Whether to remove the agent too.
default['merlon']['remove'] = false
