# frozen_string_literal: true

require 'spec_helper'
require 'tmpdir'

{
  nfv_vim_config: '/etc/nfv/vim/config.ini',
  nfv_plugin_alarm_config: '/etc/nfv/nfv_plugins/alarm_handlers/config.ini',
  nfv_plugin_event_log_config: '/etc/nfv/nfv_plugins/event_log_handlers/config.ini',
  nfv_plugin_nfvi_config: '/etc/nfv/nfv_plugins/nfvi_plugins/config.ini'
}.each do |name, file|
  describe Puppet::Type.type(name) do
    let(:type) { described_class }

    it 'edits its file' do
      expect(type.provider(:ini_setting).file_path).to eq(file)
      expect(type.provider(:ini_setting).new({}).separator).to eq('=')
    end

    it 'writes the first letter of true and false large, and trims' do
      { true => 'True', 'FALSE' => 'False', ' x ' => 'x', 4343 => '4343', 'truely' => 'truely' }.each do |given, written|
        expect(type.new(name: 'a/b', value: given)[:value]).to eq(written)
      end
    end

    it 'wants section and key' do
      expect { type.new(name: 'ab', value: 'x') }.to raise_error(Puppet::Error)
    end

    it 'keeps secrets out of the logs' do
      secret = type.new(name: 'a/b', value: 'x', secret: true)
      expect(secret.property(:value).change_to_s('old', 'x')).not_to match(/'(old|x)'/)
    end
  end
end

describe Puppet::Type.type(:nfv_vim_config).provider(:ini_setting) do
  around do |example|
    Dir.mktmpdir do |directory|
      @file = File.join(directory, 'config.ini')
      example.run
    end
  end

  before { allow(described_class).to receive(:file_path).and_return(@file) }

  def setting(name, value)
    resource = Puppet::Type.type(:nfv_vim_config).new({ name: name, value: value }.compact)
    described_class.new(resource)
  end

  it 'makes the file, for its owner only' do
    provider = setting('a/b', 'c')
    expect(provider.exists?).to be(false)
    provider.create
    expect(File.read(@file)).to eq("[a]\nb=c\n")
    expect(File.stat(@file).mode & 0o777).to eq(0o600)
    expect(provider.exists?).to be(true)
    expect(provider.value).to eq('c')
  end

  it 'writes an empty value for none' do
    setting('a/b', nil).create
    expect(File.read(@file)).to eq("[a]\nb=\n")
  end

  it 'keeps the mode, and leaves nothing beside the file' do
    File.write(@file, "[a]\nb=1\n")
    File.chmod(0o640, @file)
    setting('a/b', '2').value = '2'
    expect(File.read(@file)).to eq("[a]\nb=2\n")
    expect(File.stat(@file).mode & 0o777).to eq(0o640)
    expect(Dir.children(File.dirname(@file))).to eq(['config.ini'])
  end

  it 'changes what a link leads to' do
    real = "#{@file}.real"
    File.write(real, "[a]\n")
    File.symlink(real, @file)
    setting('a/b', '2').create
    expect(File.symlink?(@file)).to be(true)
    expect(File.read(real)).to eq("[a]\nb=2\n")
  end

  it 'removes a key, and lists those there are' do
    File.write(@file, "[a]\nb=1\nc=2\n[d/e]\nf=3\n")
    setting('a/b', nil).destroy
    expect(File.read(@file)).to eq("[a]\nc=2\n[d/e]\nf=3\n")
    expect(described_class.instances.map(&:name)).to eq(%w[a/c d/e/f])
  end
end
